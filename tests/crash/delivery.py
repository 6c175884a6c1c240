"""One delivery while things are killed, brought to its end as the runbook says."""

import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx

from sandbox.prefect_api import Json, ended, waiting
from tests.acceptance.runs import _key
from tests.crash.moments import APPROVED, NAMES, Kill, step_of
from tests.crash.site import Site
from tests.crash.watch import Seen

_LONGEST = 1500.0  # seconds of one delivery with all that is done to it
_GONE = 4.0  # seconds without a process after which a run that should have one is dead
_APPROVAL = {"decision": "approve", "approver": "ana@example.com", "reason": "staging looks good"}


@dataclass
class Story:
    """What was done to one delivery, and what it took."""

    run: str = ""
    killed: list[Kill] = field(default_factory=list)
    left: list[Kill] = field(default_factory=list)  # whose moment did not come
    requests: Counter[str] = field(default_factory=Counter)  # steps whose request was served
    retries: int = 0
    presumed_dead: int = 0  # of them, runs that nobody had marked as crashed
    approvals: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    end: Json = field(default_factory=dict)


class Delivery:
    """Plays one; `kills` are in the order of the path."""

    def __init__(self, site: Site, kills: Iterable[Kill]) -> None:
        self.site, self.story = site, Story()
        self._kills = deque(kills)
        self._passed: set[str] = set()
        self._stored_from: int | None = None  # results when the step ended whose result is awaited
        self._due: float | None = None  # when a kill at a random instant is to be
        self._alone_since = 0.0  # since when a run that should have a process has none

    def play(self) -> Story:
        """Deliver the next change to its end. Raises AssertionError when it does not end."""
        self.site.next_change()
        self.site.watcher.look = self._look
        began = time.monotonic()
        self.story.run = self.site.deliver("books-api")
        try:
            while not self._complete():
                if time.monotonic() - began > _LONGEST:
                    words = self.site.last_words(self.story.run)
                    raise AssertionError(f"no end after {_LONGEST:.0f} s: {self.story}\n{words}")
                self._kill_in_time()
        finally:
            self.site.watcher.look = lambda _: True
        self.story.left += self._kills
        self.story.seconds = time.monotonic() - began
        return self.story

    # Kills

    def _look(self, seen: Seen) -> bool:
        """Called while a stand-in holds a request; False: it never arrives."""
        step = step_of(seen, self._passed)
        if step is None:
            return True
        if seen.side == "after" and seen.status < 300:
            self.story.requests[step.name] += 1
            self._passed.add(step.name)
        self._skip_to(NAMES.index(step.name))
        kill = self._kills[0] if self._kills else None
        if kill is None or kill.step != step.name:
            return True
        if seen.side == "after" and kill.side == "stored" and self._stored_from is None:
            self._stored_from = self.site.results()
        elif seen.side == ("after" if kill.side == "after" else "before") and kill.side != "stored":
            self._kill()
            return kill.side != "before"
        return True

    def _skip_to(self, position: int) -> None:
        """Leave out the kills whose step is over."""
        while self._kills and self._kills[0].step and int(self._kills[0].place) < position:
            if self._stored_from is not None:
                self._stored_from = None
            self.story.left.append(self._kills.popleft())

    def _kill(self) -> bool:
        done = self.site.kill(self._kills[0].target)
        if done:
            self.story.killed.append(self._kills.popleft())
            self._due = self._stored_from = None
        return done

    def _kill_in_time(self) -> None:
        """Wait a moment, and kill where it is time to."""
        until = time.monotonic() + 0.25
        while time.monotonic() < until:
            kill = self._kills[0] if self._kills else None
            if kill and not kill.step:
                self._due = self._due or time.monotonic() + kill.delay
                if time.monotonic() > self._due:
                    self._kill()
            elif self._stored_from is not None and self.site.results() > self._stored_from:
                self._kill()
            time.sleep(0.01)

    # The person, and who looks after runs

    def _complete(self) -> bool:
        try:
            now = self.site.api.run(self.story.run)
            if now["state_type"] == "COMPLETED":
                self.story.end = now
            elif ended(now):
                self._retry(now)
            elif waiting(now):
                self._approve(now)
            else:
                self._presume_dead(now)
        except (httpx.TransportError, httpx.HTTPStatusError):
            pass  # the server is away; what was asked is asked again
        return bool(self.story.end)

    def _retry(self, now: Json) -> None:
        if now["state_type"] != "CRASHED":
            self.story.failures.append(f"{now['state']['name']}: {now['state']['message']}")
        reply = self.site.api.retry(self.story.run)
        if reply["status"] == "ACCEPT":
            self.story.retries += 1

    def _approve(self, now: Json) -> None:
        if not self.site.input(self.story.run, f"{_key(now)}-description"):
            return  # the form is stored a moment after the state
        self._passed.add(APPROVED)
        if self.site.api.resume(self.story.run, _APPROVAL)["status"] == "ACCEPT":
            self.story.approvals += 1

    def _presume_dead(self, now: Json) -> None:
        """A run without a process, which nobody is left to say so of, is crashed."""
        lives = now["state_type"] not in ("RUNNING", "PENDING") or self.site.flows()
        if lives or not self._alone_since or self.site.runner.ended():
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > _GONE * (
            1 + 2 * (now["state_type"] == "PENDING")
        ):
            state = {"type": "CRASHED", "message": "its process is gone"}
            self.site.api.set_state(self.story.run, state, force=True)
            self.story.presumed_dead += 1
            self._alone_since = 0.0
