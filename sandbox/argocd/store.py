"""The Application objects, as the Kubernetes API holds them: every patch is visible at once."""

import asyncio
import contextlib
import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
Event = tuple[str, Object]  # ADDED, MODIFIED or DELETED, and the object after it

_BUFFER = 1000  # events; a slower reader loses the rest without a word


class Gone(Exception):
    """The application was deleted meanwhile."""


class Store:
    """Applications by name, with watchers."""

    def __init__(self) -> None:
        self._objects: dict[str, Object] = {}
        self._version = 48000
        self._lock = threading.RLock()
        self._watchers: dict[asyncio.Queue[Event], asyncio.AbstractEventLoop] = {}

    @property
    def version(self) -> str:
        return str(self._version)

    def add(self, application: Object) -> None:
        with self._lock:
            self._put("ADDED", copy.deepcopy(application), 1)

    def get(self, name: str) -> Object | None:
        """A copy, or None."""
        with self._lock:
            return copy.deepcopy(self._objects.get(name))

    def all(self) -> list[Object]:
        with self._lock:
            return [copy.deepcopy(self._objects[name]) for name in sorted(self._objects)]

    def patch(self, name: str, change: Callable[[Object], None]) -> Object:
        """One visible patch; nothing happens when `change` raises or changes nothing.

        Raises Gone.
        """
        with self._lock:
            if name not in self._objects:
                raise Gone(name)
            before = self._objects[name]
            after = copy.deepcopy(before)
            change(after)
            if after != before:
                self._put("MODIFIED", after, before["metadata"]["generation"] + 1)
            return copy.deepcopy(after)

    def delete(self, name: str) -> None:
        with self._lock:
            self._tell("DELETED", self._objects.pop(name))

    @contextlib.contextmanager
    def watch(self) -> Iterator[asyncio.Queue[Event]]:
        """Events from now on, for the running event loop."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_BUFFER)
        with self._lock:
            self._watchers[queue] = asyncio.get_running_loop()
        try:
            yield queue
        finally:
            with self._lock:
                del self._watchers[queue]

    def _put(self, kind: str, application: Object, generation: int) -> None:
        self._version += 1
        metadata = application["metadata"]
        metadata["resourceVersion"] = str(self._version)
        metadata["generation"] = generation
        self._objects[metadata["name"]] = application
        self._tell(kind, application)

    def _tell(self, kind: str, application: Object) -> None:
        event = (kind, copy.deepcopy(application))
        for queue, loop in self._watchers.items():
            with contextlib.suppress(RuntimeError):  # the loop of a stopped server
                loop.call_soon_threadsafe(_offer, queue, event)


def _offer(queue: asyncio.Queue[Event], event: Event) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        queue.put_nowait(event)
