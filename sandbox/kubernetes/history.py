"""What changed, in order: the part of the past that a watch can start from."""

import time
from collections import deque
from typing import NamedTuple

from sandbox.kubernetes.kind import Kind, Object

_KEPT = 5000


class Expired(Exception):
    """The asked version is older than anything that is still known."""


class Change(NamedTuple):
    """One write: the object before and after it, None where there is none, and its last state."""

    version: int
    kind: Kind
    before: Object | None
    after: Object | None
    last: Object  # at this version, also when it was deleted by it
    at: float  # monotonic seconds


class History:
    """The newest changes of all kinds."""

    def __init__(self, version: int) -> None:
        self.version = version
        self._floor = version  # a watch from an older version is too late
        self._changes: deque[Change] = deque()

    def add(self, change: Change) -> None:
        self.version = change.version
        self._changes.append(change)
        if len(self._changes) > _KEPT:
            self._floor = self._changes.popleft().version

    def compact(self) -> None:
        self._changes.clear()
        self._floor = self.version

    def undo(self, kind: Kind, found: dict[tuple[str, str], Object], lag: float) -> None:
        """Take back in `found` what happened to a kind in the last `lag` seconds."""
        for change in reversed(self._changes):
            if change.at <= time.monotonic() - lag:
                return
            if change.kind == kind:
                metadata = change.last["metadata"]
                key = (metadata.get("namespace", ""), metadata["name"])
                found.pop(key, None)
                if change.before is not None:
                    found[key] = change.before

    def since(self, version: int) -> list[Change]:
        """The changes after a version; raises Expired."""
        if version < self._floor:
            raise Expired(f"too old resource version: {version} ({self.version})")
        return [change for change in self._changes if change.version > version]
