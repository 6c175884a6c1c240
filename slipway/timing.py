"""How long a step took, and how much of that was waiting."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from slipway.value import Timing

T = TypeVar("T")
_PAUSE, _GROWTH, _LONGEST = 5.0, 1.5, 30.0  # seconds between two looks


def pauses() -> Iterator[float]:
    """Seconds between the looks at something that takes minutes or days: longer and longer."""
    pause = _PAUSE
    while True:
        yield pause
        pause = min(pause * _GROWTH, _LONGEST)


class Stopwatch:
    """Measures one step. `sleep` waits and counts it as waiting.

    The clock (seconds, monotonic) and the sleep are passed in where a rule depends on time;
    `real` tells how long some of the clock's seconds are for everything else.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        real: Callable[[float], float] = float,
    ) -> None:
        self._clock, self._sleep, self.now, self._real = clock, sleep, now, real
        self._begin, self._started, self._waited = clock(), now(), 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return self._clock() - self._begin

    def sleep(self, seconds: float) -> None:
        """Wait, and count the time as waiting."""
        before = self._clock()
        self._sleep(max(0.0, seconds))
        self._waited += self._clock() - before

    def wait(self, seconds: float, change: Callable[[float], T]) -> T:
        """What `change` returns, which waits too; it gets the seconds that it may last."""
        before = self._clock()
        found = change(self._real(max(0.0, seconds)))
        self._waited += self._clock() - before
        return found

    def read(self) -> Timing:
        """The timing up to now."""
        return Timing(
            started=self._started,
            seconds=round(self.elapsed, 3),
            waited=round(self._waited, 3),
        )
