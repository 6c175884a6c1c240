"""Which sync window is in an application's way, and when that is asked for."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from slipway.clients.argocd import Client
from slipway.errors import SlipwayError
from slipway.readiness import windows
from slipway.readiness.observation import Block, Observation
from slipway.service import Application

Json = Mapping[str, Any]
_PARKED = "blocked by sync window"  # what a running operation says


def with_block(seen: Observation, find: Callable[[bool], Block | None]) -> Observation:
    """The reading, and what forbids a sync now; nothing is asked while there is none to forbid.

    `find` asks why a sync may not start; its argument says whether one is started by hand. What
    cannot be read forbids nothing: a start that is refused says so itself.
    """
    running = seen.operation_requested and seen.operation is not None
    parked = running and seen.operation is not None and _PARKED in seen.operation.message
    if not parked and (seen.sync == "Synced" or running):
        return seen
    try:
        found = find(not seen.auto_sync)
    except SlipwayError:
        found = None
    if found is None and parked:
        found = Block("the sync waits for its sync window")
    return replace(seen, block=found)


def told_block(
    read: Json, client: Client, application: Application, seconds: float, manual: bool
) -> Block | None:
    """What the API server says; raises `slipway.errors`."""
    assigned, active = client.windows(application, seconds)
    why = windows.forbidden(assigned, active, manual)
    return Block(why, _end(read, client, application, seconds, manual)) if why else None


def _end(
    read: Json, client: Client, application: Application, seconds: float, manual: bool
) -> datetime | None:
    """Only the project knows the time zones, and lists the windows that are open now."""
    try:
        known = client.project_windows(application, seconds)
    except SlipwayError:
        return None
    found = windows.block(known, windows.target(read), datetime.now(UTC), manual)
    return found.until if found else None
