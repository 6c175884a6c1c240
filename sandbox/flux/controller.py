"""What every controller does: one attempt at a time for each object, for a reason.

Reasons are a new generation, a new token, a new revision of what it depends on, or time. The token
is echoed when the attempt is over, whatever came of it, and for a suspended object too.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.flux.world import Key, Object, World
from sandbox.kubernetes.kind import Kind
from sandbox.kubernetes.store import Missing

REQUESTED = "reconcile.fluxcd.io/requestedAt"
_TICK = 0.03  # seconds between two looks


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: the last patch, and when the next attempt is due."""

    change: Callable[[Object], object]
    again: float  # seconds


class Controller:
    """Keeps the objects of one kind; `begin` starts its thread."""

    kind: Kind
    name: str

    def __init__(self, world: World) -> None:
        self.world = world
        self._handled: dict[Key, tuple[object, ...]] = {}
        self._due: dict[Key, float] = {}
        self._busy: dict[Key, threading.Thread] = {}
        self._thread = threading.Thread(target=self._loop, name=self.name, daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def join(self) -> None:
        for thread in (self._thread, *list(self._busy.values())):
            thread.join(timeout=10)

    def upstream(self, found: Object) -> str:  # noqa: ARG002  # the others look at it
        """The revision that it depends on: another one is a reason to look."""
        return ""

    def reconcile(self, key: Key, found: Object) -> Outcome:
        """One attempt."""
        raise NotImplementedError

    def suspended(self, found: Object) -> None:
        """What the last patch of a suspended object does, besides the echo."""

    def sleep(self, seconds: float) -> None:
        self.world.sleep(self.name, seconds)

    def show(self, key: Key, change: Callable[[Object], object]) -> Object:
        """One visible patch in the middle of an attempt."""
        return self.world.patch(self.kind, key, change)

    def _loop(self) -> None:
        while not self.world.stopping.is_set():
            self.sleep(_TICK)
            for key in self.world.objects.names(self.kind):
                self._look(key)

    def _look(self, key: Key) -> None:
        thread, found = self._busy.get(key), self.world.get(self.kind, key)
        if found is None or (thread and thread.is_alive()):
            return
        reasons = (found["metadata"]["generation"], _token(found), self.upstream(found))
        if reasons == self._handled.get(key) and time.monotonic() < self._due.get(key, 0.0):
            return
        self._handled[key] = reasons
        self._busy[key] = threading.Thread(target=self._attempt, args=(key, found), daemon=True)
        self._busy[key].start()

    def _attempt(self, key: Key, found: Object) -> None:
        token, is_suspended = _token(found), found["spec"].get("suspend") is True
        try:
            if is_suspended:
                outcome = Outcome(self.suspended, 1e9)
            else:
                outcome = self.reconcile(key, found)
            if self.world.stopping.is_set():
                return
            self.world.patch(self.kind, key, lambda each: _end(each, outcome, token))
        except Missing:
            return
        self._due[key] = time.monotonic() + outcome.again


def _token(found: Object) -> str:
    return str((found["metadata"].get("annotations") or {}).get(REQUESTED, ""))


def _end(found: Object, outcome: Outcome, token: str) -> None:
    found.setdefault("status", {})
    outcome.change(found)
    if token:
        found["status"]["lastHandledReconcileAt"] = token
