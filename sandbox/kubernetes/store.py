"""Custom resources of any kind, as the API server keeps them: every write is a version.

Objects are kept without `apiVersion` and `kind`; the server adds those it was asked by.
"""

import asyncio
import contextlib
import copy
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator

from sandbox.cluster.pod import timestamp
from sandbox.kubernetes.history import Change, Expired, History
from sandbox.kubernetes.kind import Kind, Object

__all__ = ["Expired", "Missing", "Objects", "Taken"]

Event = tuple[str, Object]  # ADDED, MODIFIED or DELETED, and the object after it
Key = tuple[Kind, str, str]  # kind, namespace ("" without one), name

_BUFFER = 1000  # events; a slower reader loses the rest without a word


class Missing(Exception):
    """There is no such object, or it was deleted meanwhile."""


class Taken(Exception):
    """An object of that name is there already."""


class Objects:
    """The objects of the registered kinds, with one version that counts all writes."""

    def __init__(self, kinds: Iterable[Kind] = ()) -> None:
        self.kinds: set[Kind] = set(kinds)
        self.events: list[Object] = []
        self._objects: dict[Key, Object] = {}
        self._history = History(48000)
        self._lock = threading.RLock()
        self._watchers: dict[asyncio.Queue[Event], tuple[Kind, Callable[[Event], None]]] = {}

    @property
    def version(self) -> str:
        return str(self._history.version)

    def register(self, kind: Kind) -> None:
        """Serve a kind, as after its definition was installed."""
        self.kinds.add(kind)

    def unregister(self, kind: Kind) -> None:
        """Serve it no longer; its objects stay for `register`."""
        self.kinds.discard(kind)

    def add(self, kind: Kind, manifest: Object) -> Object:
        """Create an object; raises Taken."""
        fields = {"apiVersion", "kind"}
        created = copy.deepcopy({key: manifest[key] for key in manifest if key not in fields})
        metadata = created["metadata"]
        if kind.namespaced:
            metadata.setdefault("namespace", "default")
        metadata.setdefault("uid", str(uuid.uuid4()))
        metadata.setdefault("creationTimestamp", timestamp())
        key = (kind, metadata.get("namespace", ""), metadata["name"])
        with self._lock:
            if key in self._objects:
                raise Taken(metadata["name"])
            self._write(key, None, {**created, "metadata": {**metadata, "generation": 1}})
            return copy.deepcopy(self._objects[key])

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """A copy, or None."""
        with self._lock:
            return copy.deepcopy(self._objects.get((kind, namespace, name)))

    def all(self, kind: Kind, namespace: str = "", lag: float = 0.0) -> list[Object]:
        """Copies, by namespace and name, as they were `lag` seconds ago."""
        with self._lock:
            found = {key[1:]: each for key, each in self._objects.items() if key[0] == kind}
            if lag:
                self._history.undo(kind, found, lag)
            keys = sorted(key for key in found if namespace in ("", key[0]))
            return [copy.deepcopy(found[key]) for key in keys]

    def chosen(self, kind: Kind, wanted: Callable[[Object], bool]) -> list[Object]:
        """Copies of the objects that `wanted` picks."""
        with self._lock:
            found = [key for key, each in self._objects.items() if key[0] == kind and wanted(each)]
            return [copy.deepcopy(self._objects[key]) for key in sorted(found, key=lambda k: k[1:])]

    def names(self, kind: Kind) -> list[tuple[str, str]]:
        """Namespace and name of each object."""
        with self._lock:
            return [key[1:] for key in self._objects if key[0] == kind]

    def patch(
        self, kind: Kind, namespace: str, name: str, change: Callable[[Object], object]
    ) -> Object:
        """One write by a controller, which may touch anything; raises Missing.

        Nothing is written when `change` raises or changes nothing.
        """
        key = (kind, namespace, name)
        with self._lock:
            if key not in self._objects:
                raise Missing(name)
            before = self._objects[key]
            after = copy.deepcopy(before)
            change(after)
            if after != before:
                generation = before["metadata"]["generation"] + _respecified(kind, before, after)
                after["metadata"]["generation"] = generation
                self._write(key, before, after)
            return copy.deepcopy(after)

    def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """Remove an object; raises Missing."""
        key = (kind, namespace, name)
        with self._lock:
            if key not in self._objects:
                raise Missing(name)
            self._write(key, self._objects.pop(key), None)

    def since(self, version: int) -> list[Change]:
        """The changes after a version, oldest first; raises Expired."""
        with self._lock:
            return self._history.since(version)

    def compact(self) -> None:
        """Forget the past: a watch from an older version is refused from now on."""
        with self._lock:
            self._history.compact()

    @contextlib.contextmanager
    def watch(self, kind: Kind, lag: float = 0.0) -> Iterator[asyncio.Queue[Event]]:
        """Events of one kind from now on, `lag` seconds late, for the running event loop."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_BUFFER)
        loop = asyncio.get_running_loop()

        def tell(event: Event) -> None:
            loop.call_soon_threadsafe(loop.call_later, lag, _offer, queue, event)

        with self._lock:
            self._watchers[queue] = (kind, tell)
        try:
            yield queue
        finally:
            with self._lock:
                del self._watchers[queue]

    def record(self, kind: Kind, involved: Object, event: Object, component: str) -> None:
        """Keep a Kubernetes event; `event` has its type, reason and message."""
        now, own = timestamp(), involved["metadata"]
        named = {key: own[key] for key in ("name", "namespace", "uid", "resourceVersion")}
        metadata = {"name": f"{own['name']}.{uuid.uuid4().hex[:16]}", "uid": str(uuid.uuid4())}
        times = {"firstTimestamp": now, "lastTimestamp": now, "count": 1, "eventTime": None}
        self.events.append(
            {
                "metadata": {**metadata, "namespace": own["namespace"], "creationTimestamp": now},
                "involvedObject": {**named, "kind": kind.kind, "apiVersion": kind.api_version},
                "source": {"component": component},
                **times,
                **event,
            }
        )
        del self.events[:-1000]

    def _write(self, key: Key, before: Object | None, after: Object | None) -> None:
        version, kind = self._history.version + 1, key[0]
        last = after if after is not None else copy.deepcopy(before or {})
        last["metadata"]["resourceVersion"] = str(version)
        if after is not None:
            self._objects[key] = after
        self._history.add(Change(version, kind, before, after, last, time.monotonic()))
        happened = "DELETED" if after is None else "ADDED" if before is None else "MODIFIED"
        self._tell(kind, (happened, copy.deepcopy(last)))

    def _tell(self, kind: Kind, event: Event) -> None:
        for wanted, tell in self._watchers.values():
            if wanted == kind:
                with contextlib.suppress(RuntimeError):  # the loop of a stopped server
                    tell(event)


def _respecified(kind: Kind, before: Object, after: Object) -> bool:
    """Whether the generation moves: by status writes only where status is no subresource."""
    ignored = {"metadata", "status"} if kind.status else {"metadata"}
    return any(before.get(key) != after.get(key) for key in {*before, *after} if key not in ignored)


def _offer(queue: asyncio.Queue[Event], event: Event) -> None:
    with contextlib.suppress(asyncio.QueueFull):
        queue.put_nowait(event)
