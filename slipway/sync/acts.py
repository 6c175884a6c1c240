"""What the wait does to help: refresh, start a sync, end one. Each at a bounded pace."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from slipway.engines.interface import Engine
from slipway.engines.parents import parent_of
from slipway.errors import Closed, Retryable, Unauthorized
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Waiting
from slipway.service import Application
from slipway.timing import Stopwatch

_PAUSES = (1.0, 2.0, 4.0)  # seconds to the next attempt: up to Argo CD 3.5 a refresh may ride on
_PAUSE = 5.0  # an older compare; later on each costs the engine a look at the repository
_UNANSWERED = 60.0  # after a refresh that did not return: the engine's controller is down
_SILENT = "a refresh was not answered in time: is the controller running?"


@dataclass
class Pace:
    """How often something may be tried."""

    watch: Stopwatch
    tries: int = 0
    due: float = 0.0  # on the stopwatch
    said: str = ""  # about the last try
    closed: Closed | None = None  # how the last try was forbidden

    def may(self) -> bool:
        """Whether it is time, and if so, that it is tried now."""
        now = self.watch.elapsed
        if now < self.due:
            return False
        self.due = now + (_PAUSES[self.tries] if self.tries < len(_PAUSES) else _PAUSE)
        self.tries += 1
        return True


@dataclass
class Acts:
    """What was done for one application during one wait."""

    engine: Engine
    application: Application
    watch: Stopwatch
    started: set[tuple[object, ...]] = field(default_factory=set)  # revisions and sources
    paces: dict[str, Pace] = field(default_factory=dict)

    def help(self, waiting: Waiting, seen: Observation) -> str:
        """Do what the verdict asks for; what is to be said about it, trouble included.

        Raises Closed while a window forbids it, and the final errors of the engine.
        """
        if waiting.ask is None:
            return ""
        pace = self._pace(waiting.ask)
        if waiting.ask == "hard" or pace.may():
            self._try(pace, self._act(waiting, seen))
        if pace.closed:
            raise pace.closed
        return pace.said

    def resume(self) -> None:
        """Let the engine look again: what was forbidden is allowed now."""
        with suppress(Retryable):
            self.engine.refresh(self.application)

    def _try(self, pace: Pace, act: Callable[[], str]) -> None:
        pace.said, pace.closed = "", None
        try:
            pace.said = act()
        except Closed as error:
            pace.closed = error
        except Retryable as error:
            pace.said = error.message

    def _act(self, waiting: Waiting, seen: Observation) -> Callable[[], str]:
        target = self.application
        if waiting.of_parent:
            target = parent_of(target) or target
        acts: dict[str, Callable[[], str]] = {
            "refresh": lambda: self._refresh(target),
            "hard": lambda: self._refresh(target, hard=True),
            "sync": lambda: self._sync(seen),
            "terminate": self._terminate,
        }
        return acts[waiting.ask or ""]

    def due(self, waiting: Waiting) -> float | None:
        """Seconds to the next attempt of what the verdict asks for."""
        pace = self.paces.get(waiting.ask or "")
        return pace.due - self.watch.elapsed if pace else None

    def _refresh(self, target: Application, hard: bool = False) -> str:
        if self.engine.refresh(target, hard):
            return ""
        self._pace("refresh").due = self.watch.elapsed + _UNANSWERED
        return _SILENT

    def _sync(self, seen: Observation) -> str:
        """Start it once for the same revisions of the same sources, and never the parent's.

        An operation that is under way is never replaced.
        """
        key = (seen.revisions, seen.spec_values)
        if key in self.started:
            return ""
        try:
            self.engine.start_sync(self.application, seen)
        except Unauthorized as error:
            if not seen.auto_sync:
                raise
            self.started.add(key)  # it would have helped; the engine may still do it by itself
            return f"the sync could not be started: {error.message}"
        self.started.add(key)
        return ""

    def _terminate(self) -> str:
        self.engine.terminate(self.application)
        return "the sync that held the application was ended"

    def _pace(self, ask: str) -> Pace:
        return self.paces.setdefault(ask, Pace(self.watch))
