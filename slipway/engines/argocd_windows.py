"""Which sync window is in an application's way, as the API server tells it."""

from collections.abc import Mapping
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


def with_block(
    seen: Observation, read: Json, client: Client, application: Application, seconds: float
) -> Observation:
    """The reading, and what forbids a sync now; nothing is asked while there is none to forbid."""
    running = seen.operation_requested and seen.operation is not None
    parked = running and seen.operation is not None and _PARKED in seen.operation.message
    if parked or (seen.sync != "Synced" and not running):
        found = _block(seen, read, client, application, seconds)
        if found is None and parked:
            found = Block("the sync waits for its sync window")
        return replace(seen, block=found)
    return seen


def _block(
    seen: Observation, read: Json, client: Client, application: Application, seconds: float
) -> Block | None:
    """None also when the windows cannot be read: a start that is refused says so itself."""
    manual = not seen.auto_sync
    try:
        assigned, active = client.windows(application, seconds)
        why = windows.forbidden(assigned, active, manual)
    except SlipwayError:
        return None
    if not why:
        return None
    until = _end(read, client, application, seconds, manual)
    return Block(why, until)


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
