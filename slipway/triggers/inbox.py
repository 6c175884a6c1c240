"""Events on disk: one file for each delivery of the forge, in `waiting` until it is settled.

A file moves to `settled` with what came of it, and stays there for longer than GitHub can
deliver an event again (three days), so a repeated delivery is known after a restart too.
"""

import contextlib
import os
import re
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from slipway.errors import InvalidInput
from slipway.triggers.events import Event
from slipway.value import Value

KEPT = timedelta(days=30)
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


class Kept(Value):
    """One delivered event."""

    delivery: str  # id, of the header X-GitHub-Delivery
    received: datetime  # UTC
    event: Event
    outcome: tuple[str, ...] = ()  # one line for each service


class Inbox:
    """The events below one folder. Several processes may use it: a start is done once by its key.

    Raises OSError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._waiting, self._settled = folder / "waiting", folder / "settled"
        for each in (self._waiting, self._settled):
            each.mkdir(parents=True, exist_ok=True)

    def knows(self, delivery: str) -> bool:
        """Whether this delivery has come before. Raises InvalidInput for what is no id."""
        name = _file(delivery)
        return (self._waiting / name).exists() or (self._settled / name).exists()

    def keep(self, delivery: str, event: Event) -> None:
        """Keep an event until it is settled; it is on the disk when this returns."""
        kept = Kept(delivery=delivery, received=datetime.now(UTC), event=event)
        _write(self._waiting / _file(delivery), kept)

    def waiting(self) -> list[Kept]:
        """Events that are not settled, oldest first."""
        found = (_read(path) for path in self._waiting.glob("*.json"))
        return sorted((kept for kept in found if kept), key=lambda kept: kept.received)

    def settle(self, kept: Kept, outcome: tuple[str, ...]) -> None:
        """Note what came of an event, and forget those that nobody can deliver again."""
        _write(self._settled / _file(kept.delivery), kept.model_copy(update={"outcome": outcome}))
        (self._waiting / _file(kept.delivery)).unlink(missing_ok=True)
        limit = (datetime.now(UTC) - KEPT).timestamp()
        for path in self._settled.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < limit:
                    path.unlink()


def _file(delivery: str) -> str:
    if not _ID.fullmatch(delivery):
        raise InvalidInput("X-GitHub-Delivery is not an id", "GitHub sends one with every delivery")
    return f"{delivery.lower()}.json"


def _read(path: Path) -> Kept | None:
    """None for a file that another process has just settled, or that is none of ours."""
    try:
        return Kept.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _write(path: Path, kept: Kept) -> None:
    """As a whole or not at all, whatever ends the process or the machine."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(kept.model_dump_json().encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
