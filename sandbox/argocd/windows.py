"""Sync windows of a project: when they are open, and what they allow.

The rules are those of the original: an active deny window wins, then an active allow window; with
allow windows of which none is active nothing may be synced; `manualSync` exempts syncs by hand.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from sandbox.argocd.application import Object

_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Windows:
    """The windows that are assigned to one application, at one moment."""

    assigned: list[Object]
    active: list[Object]

    def allow(self, *, manual: bool) -> bool:
        """Whether a sync may run now."""
        denials = [each for each in self.active if each["kind"] == "deny"]
        if denials:
            return manual and all(each.get("manualSync") for each in denials)
        allowances = [each for each in self.assigned if each["kind"] == "allow"]
        if not allowances or any(each in self.active for each in allowances):
            return True
        return manual and all(each.get("manualSync") for each in allowances)

    def overrun(self) -> bool:
        """Whether a sync that was begun in a window may go on after its end."""
        return all(each.get("syncOverrun") for each in self.assigned)


def windows_of(project: Object, application: Object, now: datetime | None = None) -> Windows:
    """The windows of a project that are about an application."""
    assigned = [each for each in _all(project) if _about(each, application)]
    return Windows(assigned, [each for each in assigned if is_open(each, now)])


def open_windows(project: Object) -> list[Object]:
    """Those of a project that are open now, whatever they are about."""
    return [each for each in _all(project) if is_open(each)]


def is_open(window: Object, now: datetime | None = None) -> bool:
    """Whether the schedule began it less than its duration ago."""
    zone = ZoneInfo(window.get("timeZone") or "UTC")
    moment = (now or datetime.now(UTC)).astimezone(zone)
    minutes = int(seconds(window["duration"]) // 60)
    begun = moment.replace(second=0, microsecond=0)
    tests = [_field(*pair) for pair in zip(window["schedule"].split(), _FIELDS, strict=True)]
    stars = [text.startswith("*") for text in window["schedule"].split()]
    return any(_begins(begun - timedelta(minutes=ago), tests, stars) for ago in range(minutes + 1))


def seconds(text: str) -> float:
    """A duration such as `1h30m`."""
    return sum(float(n) * _UNITS[unit] for n, unit in re.findall(r"([\d.]+)([smh])", text))


def _all(project: Object) -> list[Object]:
    return list(project["spec"].get("syncWindows") or [])


def _about(window: Object, application: Object) -> bool:
    destination = application["spec"]["destination"]
    cluster = (destination.get("server", ""), destination.get("name", ""))
    told = (
        ("applications", (application["metadata"]["name"],)),
        ("namespaces", (destination.get("namespace", ""),)),
        ("clusters", cluster),
    )
    found = [
        any(fnmatchcase(value, pattern) for value in values for pattern in window[key])
        for key, values in told
        if window.get(key)
    ]
    return all(found) and bool(found) if window.get("andOperator") else any(found)


def _begins(moment: datetime, tests: list[set[int]], stars: list[bool]) -> bool:
    day, weekday = moment.day in tests[2], moment.isoweekday() % 7 in tests[4]
    # As cron does: when both days are restricted, either is enough.
    days = day and weekday if stars[2] or stars[4] else day or weekday
    return (
        moment.minute in tests[0] and moment.hour in tests[1] and moment.month in tests[3] and days
    )


def _field(text: str, limits: tuple[int, int]) -> set[int]:
    """The values of one cron field."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        first, last = (
            limits if span == "*" else (int(low), int(high or (limits[1] if step else low)))
        )
        found |= set(range(first, last + 1, int(step or 1)))
    return found
