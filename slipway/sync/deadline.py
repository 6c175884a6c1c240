"""When a wait is given up: its time, and what does not count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from slipway.timing import Stopwatch

LONGEST = timedelta(hours=23)  # a wait that is blocked ends, too; the step has an hour more
_LEAST = 1.0  # seconds that the last look may take when the deadline is there


@dataclass
class Deadline:
    """The deadline of one wait, in seconds of its stopwatch. It stands still while it is held."""

    watch: Stopwatch
    at: float
    allowed: timedelta
    held: float | None = None  # since when

    @classmethod
    def of(cls, watch: Stopwatch, allowed: timedelta, since: datetime | None) -> Self:
        """A wait of `allowed`, begun at `since` (now, when that is None).

        Who takes it up again within that time, after a crash, gets what is left of it; who begins
        again later, after it has failed, gets all of it.
        """
        spent = watch.now() - since if since else timedelta()
        left = allowed - spent if timedelta() < spent < allowed else allowed
        return cls(watch, watch.elapsed + left.total_seconds(), allowed)

    @property
    def left(self) -> float:
        """Seconds."""
        now = self.watch.elapsed
        return min(self.at - (now if self.held is None else self.held), self._longest - now)

    def patience(self) -> float:
        """Seconds that a call may last."""
        return max(_LEAST, self.left)

    def hold(self) -> None:
        """Nobody may change anything now: that time does not count."""
        if self.held is None:
            self.held = self.watch.elapsed

    def go_on(self) -> None:
        """The time counts again."""
        if self.held is not None:
            self.at += self.watch.elapsed - self.held
            self.held = None

    @property
    def _longest(self) -> float:
        return max(self.at, LONGEST.total_seconds())
