"""A watch: newline-delimited JSON events from a version on."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from sandbox.kubernetes.errors import StatusError
from sandbox.kubernetes.history import Change, Expired
from sandbox.kubernetes.kind import Kind, Object
from sandbox.kubernetes.selectors import Test
from sandbox.kubernetes.store import Objects

_LONGEST = 1800.0  # seconds


@dataclass(frozen=True)
class Watch:
    """What one watch is about."""

    objects: Objects
    kind: Kind
    namespace: str
    wanted: Test
    version: int | None  # None: the present objects first
    timeout: int = 0  # seconds; 0: as long as it may
    bookmarks: float | None = None  # seconds between two

    async def lines(self, ended: Callable[[], bool]) -> AsyncIterator[bytes]:
        """Until the time is over, the version expired or the server ends it."""
        end = time.monotonic() + min(self.timeout or _LONGEST, _LONGEST)
        bookmark = time.monotonic() + (self.bookmarks or _LONGEST)
        with self.objects.watch(self.kind) as queue:
            version = self.version
            if version is None:
                version = int(self.objects.version)
                for found in self.objects.all(self.kind, self.namespace):
                    if self.wanted(found):
                        yield self._event("ADDED", found)
            while not ended() and time.monotonic() < end:
                try:
                    changes = self.objects.since(version)
                except Expired as error:
                    yield _line("ERROR", StatusError(410, str(error)).body)
                    return
                for change in changes:
                    version = change.version
                    if line := self._told(change):
                        yield line
                if time.monotonic() >= bookmark and self.bookmarks:
                    bookmark = time.monotonic() + self.bookmarks
                    yield self._bookmark(version)
                await _woken(queue)
            if self.bookmarks and not ended():
                yield self._bookmark(version)

    def _told(self, change: Change) -> bytes | None:
        if change.kind != self.kind:
            return None
        before, after = (self._selects(each) for each in (change.before, change.after))
        if not (before or after):
            return None
        return self._event(
            "DELETED" if not after else "MODIFIED" if before else "ADDED", change.last
        )

    def _selects(self, found: Object | None) -> bool:
        if found is None:
            return False
        return self.namespace in ("", found["metadata"].get("namespace")) and self.wanted(found)

    def _event(self, happened: str, found: Object) -> bytes:
        named = {"apiVersion": self.kind.api_version, "kind": self.kind.kind}
        return _line(happened, {**named, **found})

    def _bookmark(self, version: int) -> bytes:
        return self._event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


async def _woken(queue: asyncio.Queue[Any]) -> None:
    """Until something changed, or for a moment."""
    try:
        await asyncio.wait_for(queue.get(), 0.1)
        while not queue.empty():
            queue.get_nowait()
    except TimeoutError:
        pass


def _line(happened: str, found: Object) -> bytes:
    return json.dumps({"type": happened, "object": found}).encode() + b"\n"
