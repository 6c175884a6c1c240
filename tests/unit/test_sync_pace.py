"""The deadline of a wait and the pace of what it does, on a clock of their own."""

from datetime import UTC, datetime, timedelta

import pytest

from slipway.sync.acts import Pace
from slipway.sync.deadline import LONGEST, Deadline
from slipway.timing import Stopwatch

BEGAN = datetime(2026, 8, 22, 10, tzinfo=UTC)
TEN = timedelta(minutes=10)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = Stopwatch(
            clock=lambda: self.now,
            sleep=self.wait,
            now=lambda: BEGAN + timedelta(seconds=self.now),
        )

    def wait(self, seconds: float) -> None:
        self.now += seconds


def test_S40_S70_the_first_refreshes_come_quickly_and_later_ones_five_seconds_apart() -> None:
    clock, tried = Clock(), list[float]()
    pace = Pace(clock.watch)
    for _ in range(300):
        if pace.may():
            tried.append(clock.now)
        clock.wait(0.1)
    assert [round(each) for each in tried] == [0, 1, 3, 7, 12, 17, 22, 27]


@pytest.mark.parametrize(
    ("ago", "left"),
    [(0, 600), (1, 599), (540, 60), (599, 1), (600, 600), (86400, 600), (-5, 600)],
)
def test_S33_a_wait_that_is_taken_up_again_keeps_its_deadline(ago: float, left: float) -> None:
    since = BEGAN - timedelta(seconds=ago)
    assert Deadline.of(Clock().watch, TEN, since).left == left
    assert Deadline.of(Clock().watch, TEN, None).left == 600


def test_S20_the_deadline_stands_still_while_nothing_may_be_changed() -> None:
    clock = Clock()
    deadline = Deadline.of(clock.watch, TEN, None)
    clock.wait(100)
    deadline.hold()
    clock.wait(7200)
    deadline.hold()
    assert deadline.left == 500
    deadline.go_on()
    assert deadline.left == 500
    clock.wait(100)
    deadline.go_on()
    assert deadline.left == 400
    assert deadline.patience() == 400
    clock.wait(1000)
    assert deadline.left < 0
    assert deadline.patience() == 1


def test_S20_a_wait_that_is_blocked_for_ever_ends_before_its_step_does() -> None:
    clock = Clock()
    deadline = Deadline.of(clock.watch, TEN, None)
    deadline.hold()
    clock.wait(LONGEST.total_seconds() - 1)
    assert deadline.left > 0
    clock.wait(2)
    assert deadline.left < 0
    assert timedelta(hours=24) > LONGEST


def test_S30_waiting_for_a_change_counts_as_waiting() -> None:
    clock = Clock()
    assert clock.watch.wait(5, lambda seconds: clock.wait(seconds / 2)) is None
    assert clock.watch.read().waited == 2.5
