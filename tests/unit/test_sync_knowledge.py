"""What the wait asks for, and how often: each question about a commit costs a clone."""

from collections.abc import Callable

from slipway.model import Lineage
from slipway.readiness.observation import Observation
from slipway.settings import Settings
from slipway.sync.knowledge import Knowledge
from tests.unit.readiness_objects import A, X, app, seen
from tests.unit.test_sync_pace import Clock


def at(revision: str) -> Observation:
    return seen(app({"status.sync.revision": revision, "status.operationState": None}))


def asking(clock: Clock, answer: Callable[[], Lineage], asked: list[float]) -> Knowledge:
    def lineage(_: str) -> Lineage:
        asked.append(clock.now)
        return answer()

    return Knowledge(lineage, Settings(), clock.watch, X)


def test_S63_what_is_unknown_is_asked_for_again_at_growing_distances() -> None:
    clock, asked = Clock(), list[float]()
    knowledge = asking(clock, lambda: "unknown", asked)
    for _ in range(600):
        assert knowledge.about(at(A)).lineage[A] == "unknown"
        clock.wait(1)
    assert asked == [0, 1, 3, 7, 15, 31, 63, 127, 247, 367, 487]


def test_what_is_known_is_asked_for_once() -> None:
    clock, asked = Clock(), list[float]()
    knowledge = asking(clock, lambda: "without" if clock.now > 2 else "unknown", asked)
    for _ in range(20):
        knowledge.about(at(A))
        clock.wait(1)
    assert asked == [0, 1, 3]
    assert knowledge.about(at(A)).lineage == {A: "without"}
    knowledge.about(at(X))
    assert len(asked) == 3
