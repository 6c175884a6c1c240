"""Times of a five-field cron schedule, as the engine's parser reads it. Pure, without time zones.

Source of the rule: the standard parser of robfig/cron v3, which Argo CD uses for sync windows. It
knows no `7` for Sunday, no `L`, `W` and `#`, and no `@daily`.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MINUTE, _HOUR, _DAY = (0, 59), (0, 23), (1, 31)
_MONTH, _WEEKDAY = (1, 12), (0, 6)
_FAR = timedelta(days=366 * 5)  # a schedule that has no time within five years has none
_STARS = ("*", "?")


@dataclass(frozen=True)
class Schedule:
    """When something starts; weekdays count from Sunday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool  # a day of the month or a weekday is enough: neither field is a star

    def after(self, moment: datetime) -> datetime | None:
        """The first time later than `moment`; None when there is none within five years."""
        day, last = moment.date(), (moment + _FAR).date()
        while day <= last:
            if self._on(day):
                found = (
                    datetime.combine(day, time(hour, minute))
                    for hour in sorted(self.hours)
                    for minute in sorted(self.minutes)
                )
                later = next((start for start in found if start > moment), None)
                if later:
                    return later
            day += timedelta(days=1)
        return None

    def _on(self, day: date) -> bool:
        by_month, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        fits = by_month or by_week if self.either else by_month and by_week
        return day.month in self.months and fits


def parse(expression: str) -> Schedule:
    """The schedule of `minute hour day month weekday`; ValueError for anything else."""
    minute, hour, day, month, weekday = expression.upper().split()
    return Schedule(
        minutes=_field(minute, _MINUTE),
        hours=_field(hour, _HOUR),
        days=_field(day, _DAY),
        months=_field(month, _MONTH, dict(zip(_MONTHS, range(1, 13), strict=True))),
        weekdays=_field(weekday, _WEEKDAY, dict(zip(_DAYS, range(7), strict=True))),
        either=not (_is_star(day) or _is_star(weekday)),
    )


def _is_star(field: str) -> bool:
    """With a step of more than 1 a star is an ordinary range."""
    return any(item.removesuffix("/1") in _STARS for item in field.split(","))


def _field(
    text: str, bounds: tuple[int, int], names: dict[str, int] | None = None
) -> frozenset[int]:
    items = (_item(item, bounds, names or {}) for item in text.split(","))
    return frozenset(value for item in items for value in item)


def _item(text: str, bounds: tuple[int, int], names: dict[str, int]) -> range:
    """`*`, `3`, `3-9`, `*/5`, `3/5` (from 3 to the end) or `3-9/2`."""
    ends, slash, step = text.partition("/")
    if ends in _STARS:
        first, last = bounds
    else:
        low, dash, high = ends.partition("-")
        first = _number(low, names)
        last = _number(high, names) if dash else (bounds[1] if slash else first)
    every = _number(step, {}) if slash else 1
    if not (bounds[0] <= first <= last <= bounds[1] and every > 0):
        raise ValueError(f"'{text}' is not within {bounds[0]}-{bounds[1]}")
    return range(first, last + 1, every)


def _number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"'{text}' is not a number")
    return int(text)
