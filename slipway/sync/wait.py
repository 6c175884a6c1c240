"""The loop: one look, one verdict, and a pause that a change ends."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from slipway.engines.interface import Engine
from slipway.engines.parents import NotMade
from slipway.errors import Closed, NotFound, NotProven, Retryable, Superseded
from slipway.readiness import verdict as verdicts
from slipway.readiness.judge import judge
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Blocked, Failed, Progress, Ready, Waiting, Wanted
from slipway.service import Application
from slipway.sync.acts import Acts
from slipway.sync.deadline import Deadline
from slipway.sync.knowledge import Knowledge
from slipway.sync.reach import Reach
from slipway.sync.unmade import unmade
from slipway.timing import Stopwatch

_POLL = 1.0  # seconds to the next look while the engine cannot be asked
_QUIET = 15.0  # seconds between two looks while every change is told
_LIVELY = 3.0  # while Pods change: the application object does not show each of their steps
# States that last until the application object changes.
_TOLD = {
    "revision",
    "spec",
    "running",
    "compare",
    "out-of-sync",
    "unstarted",
    "person",
    "operation",
}


@dataclass
class Wait:
    """One wait."""

    engine: Engine
    application: Application
    wanted: Wanted
    knowledge: Knowledge
    acts: Acts
    reach: Reach
    watch: Stopwatch
    deadline: Deadline
    report: Callable[[str], None]
    progress: Progress = field(default_factory=Progress)
    said: str = ""
    state: str = "nothing was seen yet"  # of the last look that succeeded
    last_error: str = ""
    trouble: Retryable | None = None  # of the last attempt
    verdict: Waiting | Blocked = field(default_factory=lambda: Waiting(""))

    def __post_init__(self) -> None:
        self._origin = (self.watch.elapsed, self.watch.now())

    def run(self) -> Ready:
        """Look until there is a verdict."""
        self._examine()
        while True:
            ready = self._attempt()
            if ready:
                return ready
            remaining = self.deadline.left
            if remaining <= 0:
                raise self._late()
            self._pause(remaining)

    def _examine(self) -> None:
        """What a person has to set right ends the wait at once; trouble does not."""
        try:
            self.engine.examine(self.application)
        except Retryable as error:
            self._in_trouble(error)
        except NotFound:
            if self.application.parent is None:
                raise  # else a reading tells which of both is missing

    def _attempt(self) -> Ready | None:
        """One look; an engine that cannot be asked is remembered, and says nothing."""
        try:
            seen = self.engine.observe(self.application)
        except Retryable as error:
            self._in_trouble(error)
            return None
        except NotMade as error:
            self.trouble = None
            self._await_making(error)
            return None
        self.trouble = None
        self._say(self.reach.check(seen))
        return self._decide(seen)

    def _await_making(self, missing: NotMade) -> None:
        """Judge the parent alone: what it still has to apply may hold the application."""
        self._decide(unmade(missing.parent, missing))
        self.progress = replace(self.progress, sources=None)  # of nothing
        if isinstance(self.verdict, Waiting) and not self.verdict.of_parent:
            hint = "correct application.name, namespace or parent, or what the parent deploys"
            raise NotFound(f"{missing.message}, though its parent is live at this commit", hint)

    def _decide(self, seen: Observation) -> Ready | None:
        known = self.knowledge.about(seen)
        found, self.progress = judge(seen, self.wanted, known, self.progress, self._now())
        if isinstance(found, Ready):
            return found
        if isinstance(found, verdicts.Superseded):
            hint = "nothing to do: the newer commit's delivery goes on"
            raise Superseded(f"{self._name}: {found.reason}", hint)
        if isinstance(found, Failed):
            raise self._not_proven(found.reason, found.hint)
        self.verdict, self.state = found, found.reason
        if isinstance(found, Blocked):
            self._blocked(found.reason, found.until)
        else:
            self._help(found, seen)
        return None

    def _help(self, waiting: Waiting, seen: Observation) -> None:
        """Do what the verdict asks for; what went wrong with that is said, and tried again."""
        try:
            said = self.acts.help(waiting, seen) or self.knowledge.trouble
        except Closed as error:
            self._blocked(error.message, None)
            return
        if self.deadline.held is not None:
            self.deadline.go_on()
            self.acts.resume()
        self.last_error = said or self.last_error
        self._say(f"{waiting.reason}; {said}" if said else waiting.reason)

    def _blocked(self, reason: str, until: datetime | None) -> None:
        self.deadline.hold()
        end = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
        self._say(f"blocked: {reason}{end}")

    def _pause(self, remaining: float) -> None:
        if self.trouble:
            asked = self.trouble.retry_after or 0.0
            self.watch.sleep(min(max(_POLL, asked), remaining))
            return
        seconds = min(self._interval(), remaining)
        note = self.watch.wait(
            seconds, lambda real: self.engine.await_change(self.application, real)
        )
        if note:
            self.report(note)

    def _interval(self) -> float:
        """Seconds to the next look, unless a change is told before."""
        if isinstance(self.verdict, Blocked):
            until = self.verdict.until
            return max(
                _POLL, min(_QUIET, (until - self._now()).total_seconds() if until else _QUIET)
            )
        told = self.verdict.state in _TOLD and not self.verdict.of_parent
        due = [_QUIET if told else _LIVELY]
        if self.verdict.state == "settling" and self.progress.since:
            end = self.progress.since + self.wanted.settle
            due.append((end - self._now()).total_seconds())
        next_act = self.acts.due(self.verdict)
        return max(0.05, min([*due, next_act] if next_act is not None else due))

    def _in_trouble(self, error: Retryable) -> None:
        self.trouble, self.last_error = error, error.message
        self._say(f"the state is unknown: {error.message}")

    def _say(self, sentence: str) -> None:
        if sentence and sentence != self.said:
            self.said = sentence
            self.report(sentence)

    def _now(self) -> datetime:
        """Wall-clock time that never runs backwards."""
        elapsed, began = self._origin
        return began + timedelta(seconds=self.watch.elapsed - elapsed)

    @property
    def _name(self) -> str:
        return f"application '{self.application.name}' at {self.wanted.revision[:7]}"

    def _late(self) -> NotProven | Retryable:
        limit = int(self.deadline.allowed.total_seconds())
        error = f"; last error: {self.last_error}" if self.last_error else ""
        reason = f"not live after {limit} s; last state: {self.state}{error}"
        if self.trouble:
            hint = f"nothing is known about the outcome: {self.trouble.hint}"
            return Retryable(f"{self._name}: unknown, {reason}", hint)
        hint = "correct what the last state names, or raise application.timeout"
        return self._not_proven(reason, hint)

    def _not_proven(self, reason: str, hint: str) -> NotProven:
        cause = self.engine.explain(self.application)
        details = "".join(f"\n  {line}" for line in cause.splitlines())
        return NotProven(
            f"{self._name} is not proven: {reason}{details}",
            f"{hint}; see {self.engine.link(self.application)}",
        )
