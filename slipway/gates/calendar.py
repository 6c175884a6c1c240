"""Change windows: whether an environment may be changed now, and when it may be next. Pure.

Schedules and durations are read on the clock of the windows' time zone: one that begins at 22:00
and lasts 8 h closes at 06:00, also in the night in which the clocks change. A start that the clocks
skip is taken an hour later; one that comes twice counts the first time.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from slipway.readiness.cron import parse
from slipway.service import Span, Windows

_HOUR = timedelta(hours=1)  # more than the clocks are put forward or back
_LOOKS = 1000  # closed stretches to look ahead


class Shut(NamedTuple):
    """Why nothing may be changed, and the earliest time at which that may be otherwise."""

    reason: str
    until: datetime  # UTC


def shut(windows: Windows, now: datetime) -> Shut | None:
    """What keeps the environment closed at `now` (UTC), and when it opens; None: it is open.

    `until` is when it opens; after a thousand closed stretches in a row, when to look again.
    """
    first = found = _closed(windows, now)
    for _ in range(_LOOKS):
        if found is None:
            break
        moment = found.until
        found = _closed(windows, moment)
    return Shut(first.reason, moment) if first else None


def _closed(windows: Windows, now: datetime) -> Shut | None:
    """The first thing in the way, and when that one is over."""
    zone = ZoneInfo(windows.zone)
    today = now.astimezone(zone).date()
    if today in windows.holidays:
        return Shut(f"{today} is a holiday", _instant(_midnight(today + timedelta(days=1)), zone))
    for span in windows.exclude:
        end = _open_until(span, zone, now)
        if end:
            why = f": {span.reason}" if span.reason else ""
            return Shut(f"closed by {_said(span, windows.zone)}{why}", end)
    if not windows.allow or any(_open_until(span, zone, now) for span in windows.allow):
        return None
    starts = [start for span in windows.allow if (start := _next(span, zone, now))]
    said = ", ".join(_said(span, windows.zone) for span in windows.allow)
    return Shut(f"outside of {said}", min(starts))


def _said(span: Span, zone: str) -> str:
    return f"'{span.schedule}' for {_hours(span.duration)} ({zone})"


def _hours(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    parts = ((minutes // 60, "h"), (minutes % 60, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "less than a minute"


def _open_until(span: Span, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the span ends that `now` is in, UTC; None where it is in none."""
    local = now.astimezone(zone).replace(tzinfo=None)
    ends = [
        _instant(start + span.duration, zone)
        for start in _starts(span, local - span.duration - _HOUR, local + _HOUR)
        if _instant(start, zone) <= now
    ]
    return max((end for end in ends if end > now), default=None)


def _next(span: Span, zone: ZoneInfo, now: datetime) -> datetime | None:
    local = now.astimezone(zone).replace(tzinfo=None) - _HOUR
    starts = (_instant(start, zone) for start in _starts(span, local, None))
    return next((start for start in starts if start > now), None)


def _starts(span: Span, after: datetime, last: datetime | None) -> Iterator[datetime]:
    schedule = parse(span.schedule)
    start = schedule.after(after)
    while start is not None and (last is None or start <= last):
        yield start
        start = schedule.after(start)


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
