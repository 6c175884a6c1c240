"""One delivery in bad weather, and the judgement of it by what was really so."""

import contextlib
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from slipway import gitops
from slipway.errors import NotProven, Retryable, SlipwayError, Superseded
from slipway.model import Image, Promotion, SyncProof
from slipway.service import Service
from slipway.sync import wait_until_live
from slipway.timing import Stopwatch
from tests.proof.actors import disturb
from tests.proof.place import ALLOWED, ENGINES, ENVIRONMENTS, Place
from tests.proof.weather import Climate

Done = TypeVar("Done")
SPEED = 6  # seconds of the wait's clock in one real second
_ATTEMPTS = 8


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Report:
    """What many runs came to."""

    runs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    engines: Counter[str] = field(default_factory=Counter)
    weather: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    commits: int = 0  # in the repository, by whom ever
    wrong: list[str] = field(default_factory=list)  # one sentence each; must stay empty
    doubtful: list[str] = field(default_factory=list)  # no success, and perhaps without need

    def add(self, other: "Report") -> None:
        self.runs += other.runs
        self.outcomes += other.outcomes
        self.engines += other.engines
        self.weather += other.weather
        self.killed += other.killed
        self.commits += other.commits
        self.wrong += other.wrong
        self.doubtful += other.doubtful


def run(place: Place, number: int, report: Report) -> None:
    """Deliver one version into one environment while others disturb, then look what was done."""
    chance = place.random
    environment, broken = chance.choice(ENVIRONMENTS), chance.random() < 0.08
    engine = chance.choice(ENGINES[environment])
    image, base, noted = place.next_image(broken), place.repository.head(), len(place.notes)
    place.storm(git=_climate(place, 0.5), api=_climate(place, 1.0))
    disturbing = disturb(place, environment, chance.choice((0, 1, 1, 2, 3)))
    delivery = _Delivery(place, place.service_through(engine), environment, image, report)
    try:
        outcome = delivery()
    finally:
        at = time.monotonic()
        for thread in disturbing:
            thread.join()
        place.storm()
    report.runs += 1
    report.outcomes[type(outcome).__name__] += 1
    report.engines[engine] += 1
    what = f"run {number}, {environment} {image.version} through {engine}"
    _judge(place, what, environment, image, outcome, at, report)
    _audit(place, what, base, noted, report)


def _climate(place: Place, worst: float) -> Climate:
    rough = place.random.choice((0.0, 0.3, 1.0)) * worst
    share = {"late": 0.10, "dropped": 0.03, "lost": 0.03, "refused": 0.05}
    odd = {"doubled": 0.03, "stale": 0.04, "cut": 0.02}
    return Climate(**{name: part * rough for name, part in (share | odd).items()})


@dataclass
class _Delivery:
    """Write and wait, as the tasks do: retried when it may pass, killed and begun anew."""

    place: Place
    service: Service
    environment: str
    image: Image
    report: Report

    def __post_init__(self) -> None:
        self.run, self.began = uuid.uuid4().hex, datetime.now(UTC)
        self.deaths = self.place.random.choice((0, 0, 1, 2))

    def __call__(self) -> SyncProof | SlipwayError:
        try:
            promotion = self._step(self._write)
            return self._step(partial(self._wait, promotion))
        except SlipwayError as error:
            return error

    def _step(self, act: Callable[[], Done]) -> Done:
        left = _ATTEMPTS
        while True:
            try:
                return act()
            except Killed:
                self.report.killed += 1
            except Retryable:
                left -= 1
                if not left:
                    raise
                time.sleep(0.1)

    def _write(self) -> Promotion:
        service = self.service
        return gitops.write(
            service, service.environment(self.environment), self.image, self.place.settings,
            run=self.run, began=self.began, approvals=(), watch=self._watch(),
        )  # fmt: skip

    def _wait(self, promotion: Promotion) -> SyncProof:
        place, service = self.place, self.service
        where = service.environment(self.environment)
        lineage = partial(
            gitops.lineage, service, where, self.image, place.settings, promotion.revision
        )
        return wait_until_live(
            where.application, where.name, self.image, promotion.revision, place.settings,
            lineage, self._watch(), gitops=service.gitops,
            files=[update.file for update in where.updates],
        )  # fmt: skip

    def _watch(self) -> Stopwatch:
        return Stopwatch(clock=lambda: time.monotonic() * SPEED, sleep=self._sleep)

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds / SPEED)
        if self.deaths and self.place.random.random() < 0.2:
            self.deaths -= 1
            raise Killed


def _judge(
    place: Place,
    what: str,
    environment: str,
    image: Image,
    outcome: object,
    at: float,
    report: Report,
) -> None:
    live = place.sights[environment].was_live(image.digest, at)
    if isinstance(outcome, SyncProof):
        if not live:
            report.wrong.append(f"{what}: false success, the cluster did not run it")
        if not place.repository.holds(outcome.revision, outcome.observed):
            report.wrong.append(f"{what}: false success, {outcome.observed} lacks the commit")
        file = place.repository.read(f"books/values-{environment}.yaml", outcome.observed)
        if image.version.encode() not in file or image.digest.encode() not in file:
            report.wrong.append(
                f"{what}: false success, {outcome.observed} asks for something else"
            )
    elif isinstance(outcome, SlipwayError) and not isinstance(outcome, (Superseded, NotProven)):
        report.doubtful.append(f"{what}: {type(outcome).__name__}: {outcome}")
    elif isinstance(outcome, NotProven) and live:
        report.doubtful.append(f"{what}: not proven although it was live: {outcome}")
    elif not isinstance(outcome, SlipwayError):
        report.wrong.append(f"{what}: no verdict at all: {outcome!r}")


def _audit(place: Place, what: str, base: str, noted: int, report: Report) -> None:
    """No commit of a delivery may do more than it says, and nobody's work may be gone."""
    repository, revisions = place.repository, place.repository.since(base)
    report.commits += len(revisions)
    for revision in revisions:
        if repository.trailers(revision):
            report.wrong += [
                f"{what}: damaged: {each}" for each in repository.damage(revision, ALLOWED)
            ]
    report.wrong += [f"{what}: two commits: {each}" for each in repository.doubled(base)]
    files = b"".join(repository.read(f"books/values-{each}.yaml") for each in ENVIRONMENTS)
    lost = [note for note in place.notes[noted:] if note.encode() not in files]
    report.wrong += [f"{what}: a person's line is lost: {note}" for note in lost]


@contextlib.contextmanager
def counted(place: Place, report: Report) -> Iterator[None]:
    """Add the weather that was met."""
    yield
    report.weather += place.git.met + place.api.met + place.kubernetes.met
