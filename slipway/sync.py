"""Wait until a commit and an image are proven live: look, decide, refresh or start, sleep.

The decision is `readiness.judge`; here are the loop, its deadline and its patience with a server
that does not answer. Trouble with the server says nothing about the application.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from slipway.engines.interface import Engine, engine_for
from slipway.errors import NotProven, Retryable
from slipway.errors import Superseded as SupersededError
from slipway.model import Image, Lineage, SyncProof
from slipway.readiness.judge import judge
from slipway.readiness.observation import Observation
from slipway.readiness.references import is_full_sha
from slipway.readiness.verdict import (
    Blocked,
    Failed,
    Known,
    Progress,
    Ready,
    Superseded,
    Waiting,
    Wanted,
)
from slipway.service import Application, GitOps
from slipway.settings import Settings
from slipway.timing import Stopwatch

POLL = 1.0  # seconds between two looks
_PAUSES = (1.0, 2.0, 4.0)  # seconds after a refresh before the next one
_PAUSE = 5.0  # later on: each refresh costs the engine a look at the repository
_UNANSWERED = 60.0  # after a refresh that did not return: the engine's controller is down
_LEAST = 1.0  # seconds that the last look may take when the deadline is there


def wait_until_live(
    application: Application,
    environment: str,
    image: Image,
    revision: str,
    settings: Settings,
    lineage: Callable[[str], Lineage],
    watch: Stopwatch,
    report: Callable[[str], None] = lambda _: None,
    gitops: GitOps | None = None,
) -> SyncProof:
    """Proof that `revision` (40 hex) and `image` are live and healthy in `environment`.

    `lineage` says how a full SHA that the engine reports relates to `revision`; it is asked once a
    SHA, and again while it does not know. `report` gets a sentence when the state changes.
    `gitops` is needed when the application has several Git sources.
    Raises NotProven (it failed, or is not there at the deadline), Superseded (a newer commit has
    replaced our values), Retryable (the engine cannot be asked, the outcome is unknown), and
    Unauthorized, NotFound, InvalidInput or Conflict for what a person has to set right.
    """
    deadline = watch.elapsed + application.timeout.total_seconds()

    def left() -> float:
        return max(_LEAST, deadline - watch.elapsed)

    with engine_for(application, settings, gitops, left) as engine:
        wanted = _wanted(application, image, revision)
        wait = _Wait(engine, application, wanted, lineage, watch, report, deadline)
        ready = wait.run()
        return SyncProof(
            environment=environment,
            application=application.name,
            revision=revision,
            observed=ready.observed,
            digest=image.digest,
            healthy_since=ready.healthy_since,
            summary=ready.summary,
            url=engine.link(application),
            timing=watch.read(),
        )


def _wanted(application: Application, image: Image, revision: str) -> Wanted:
    return Wanted(
        revision=revision,
        repository=image.repository,
        version=image.version,
        digest=image.digest,
        settle=application.settle,
        grace=application.grace,
        start=application.sync == "manual",
    )


@dataclass
class _Wait:
    """One wait; times are seconds of the stopwatch."""

    engine: Engine
    application: Application
    wanted: Wanted
    lineage: Callable[[str], Lineage]
    watch: Stopwatch
    report: Callable[[str], None]
    deadline: float
    origin: tuple[float, datetime] = field(init=False)
    progress: Progress = field(default_factory=Progress)
    known: dict[str, Lineage] = field(default_factory=dict)
    refreshes: int = 0
    next_refresh: float = 0.0
    started: set[str] = field(default_factory=set)  # revisions we started a sync of
    said: str = ""
    state: str = "nothing was seen yet"  # of the last look that succeeded
    trouble: Retryable | None = None  # of the last attempt
    last_error: str = ""

    def __post_init__(self) -> None:
        self.origin = (self.watch.elapsed, self.watch.now())

    def run(self) -> Ready:
        """Look until there is a verdict."""
        while True:
            ready = self._attempt()
            if ready:
                return ready
            remaining = self.deadline - self.watch.elapsed
            if remaining <= 0:
                raise self._late()
            asked = (self.trouble.retry_after if self.trouble else None) or 0.0
            self.watch.sleep(min(max(POLL, asked), remaining))

    def _attempt(self) -> Ready | None:
        """One look; an engine that cannot be asked is remembered, and says nothing."""
        try:
            ready = self._look()
        except Retryable as error:
            self.trouble, self.last_error = error, error.message
            self._say(f"the state is unknown: {error.message}")
            return None
        self.trouble = None
        return ready

    def _look(self) -> Ready | None:
        seen = self.engine.observe(self.application)
        self._learn(seen)
        verdict, self.progress = judge(
            seen, self.wanted, Known(self.known), self.progress, self._now()
        )
        if isinstance(verdict, Ready):
            return verdict
        if isinstance(verdict, Superseded):
            hint = "nothing to do: the newer commit's delivery goes on"
            raise SupersededError(f"{self._name}: {verdict.reason}", hint)
        if isinstance(verdict, Failed):
            raise self._not_proven(verdict.reason, verdict.hint)
        self.state = verdict.reason
        if isinstance(verdict, Blocked):
            self._say(verdict.reason)
            return None
        trouble = self._help(verdict, seen)
        self._say(f"{verdict.reason}; {trouble}" if trouble else verdict.reason)
        return None

    def _learn(self, seen: Observation) -> None:
        for revision in seen.commits - {self.wanted.revision}:
            if is_full_sha(revision) and self.known.get(revision, "unknown") == "unknown":
                self.known[revision] = self.lineage(revision)

    def _help(self, waiting: Waiting, seen: Observation) -> str:
        """Do what the verdict asks for; what went wrong with that."""
        try:
            if waiting.ask == "hard":
                self._refresh(hard=True)
            elif waiting.ask == "refresh" and self.watch.elapsed >= self.next_refresh:
                self._refresh()
            elif waiting.ask == "sync" and seen.revision not in self.started:
                self.engine.start_sync(self.application, seen)
                self.started.add(seen.revision)
        except Retryable as error:
            self.last_error = error.message
            return error.message
        return ""

    def _refresh(self, hard: bool = False) -> None:
        pause = _PAUSES[self.refreshes] if self.refreshes < len(_PAUSES) else _PAUSE
        self.refreshes += 1
        self.next_refresh = self.watch.elapsed + pause
        if not self.engine.refresh(self.application, hard):
            self.next_refresh = self.watch.elapsed + _UNANSWERED
            self.last_error = "a refresh was not answered in time: is the controller running?"
            self._say(self.last_error)

    def _say(self, sentence: str) -> None:
        if sentence != self.said:
            self.said = sentence
            self.report(sentence)

    def _now(self) -> datetime:
        """Wall-clock time that never runs backwards."""
        elapsed, began = self.origin
        return began + timedelta(seconds=self.watch.elapsed - elapsed)

    @property
    def _name(self) -> str:
        return f"application '{self.application.name}' at {self.wanted.revision[:7]}"

    def _late(self) -> NotProven | Retryable:
        limit = int(self.application.timeout.total_seconds())
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
