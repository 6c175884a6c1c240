"""Sync windows: whether a sync may start now, and if not, when. Pure.

Source of the rule: Argo CD source, v3.5 line. A window is a mapping as in `spec.syncWindows` of an
AppProject. A window that cannot be read counts against the sync: nobody knows what it forbids.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from slipway.readiness.cron import Schedule, parse
from slipway.readiness.observation import Block

Window = Mapping[str, Any]
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)")
_UNREADABLE = (ValueError, KeyError, OSError, OverflowError)
_TICK = timedelta(seconds=1)  # a window is open after its first instant, not at it
_CHANGES = 200  # changes of windows to look ahead for the end of a block


@dataclass(frozen=True)
class Target:
    """What windows select by: the application's name and where it is deployed to."""

    name: str
    namespace: str = ""
    server: str = ""
    cluster: str = ""


def target(application: Mapping[str, Any]) -> Target:
    """The target of an Argo CD Application object."""
    destination = (application.get("spec") or {}).get("destination") or {}
    return Target(
        name=str((application.get("metadata") or {}).get("name") or ""),
        namespace=str(destination.get("namespace") or ""),
        server=str(destination.get("server") or ""),
        cluster=str(destination.get("name") or ""),
    )


def block(
    windows: Iterable[Window], application: Target, now: datetime, manual: bool
) -> Block | None:
    """Why no sync of that kind may start at `now` (UTC), and until when; None: it may."""
    assigned = [window for window in windows if selects(window, application)]
    why = forbidden(assigned, _open(assigned, now), manual)
    return Block(why, _until(assigned, now, manual)) if why else None


def forbidden(assigned: Sequence[Window], active: Sequence[Window], manual: bool) -> str:
    """Why no sync may start; empty: it may.

    Automated: no deny window is open, and an allow window is, if there is any. By hand: also where
    every window in the way says `manualSync`.
    """
    denies = [window for window in active if window.get("kind") == "deny"]
    if denies:
        return "" if manual and _all_manual(denies) else f"a deny window is open: {_said(denies)}"
    allows = [window for window in assigned if window.get("kind") == "allow"]
    if not allows or any(window.get("kind") == "allow" for window in active):
        return ""
    return "" if manual and _all_manual(allows) else f"no allow window is open: {_said(allows)}"


def selects(window: Window, application: Target) -> bool:
    """Whether a window is about the application: one list must fit, or all with `andOperator`."""
    values = {
        "applications": (application.name,),
        "clusters": (application.cluster, application.server),
        "namespaces": (application.namespace,),
    }
    fits = [
        any(value and _fits(pattern, value) for pattern in window[key] for value in found)
        for key, found in values.items()
        if window.get(key)
    ]
    return bool(fits) and (all(fits) if window.get("andOperator") else any(fits))


def _fits(pattern: str, value: str) -> bool:
    """Globs in which `*` crosses every character, with `{a,b}` for alternatives."""
    before, brace, rest = pattern.partition("{")
    inside, end, after = rest.partition("}")
    if brace and end:
        return any(_fits(before + choice + after, value) for choice in inside.split(","))
    return fnmatchcase(value, pattern)


def _all_manual(windows: Iterable[Window]) -> bool:
    return all(window.get("manualSync") for window in windows)


def _said(windows: Iterable[Window]) -> str:
    return ", ".join(
        f"'{w.get('schedule')}' for {w.get('duration')}"
        + (f" ({w['timeZone']})" if w.get("timeZone") else "")
        for w in windows
    )


def _open(windows: Iterable[Window], now: datetime) -> list[Window]:
    return [window for window in windows if _is_open(window, now)]


def _is_open(window: Window, now: datetime) -> bool:
    try:
        schedule, lasts, local = _read(window, now)
    except _UNREADABLE:
        return window.get("kind") == "deny"
    start = schedule.after(local - lasts)
    return start is not None and start < local


def _until(assigned: Sequence[Window], now: datetime, manual: bool) -> datetime | None:
    moment = now
    for _ in range(_CHANGES):
        changes = [change for window in assigned if (change := _change(window, moment))]
        if not changes:
            return None
        moment = min(changes)
        if not forbidden(assigned, _open(assigned, moment), manual):
            return moment
    return None


def _change(window: Window, now: datetime) -> datetime | None:
    """When the window opens or closes next, UTC; None: never, or it cannot be read."""
    try:
        schedule, lasts, local = _read(window, now)
    except _UNREADABLE:
        return None
    start = schedule.after(local - lasts)
    if start is None:
        return None
    return now + (start + lasts - local if start < local else start + _TICK - local)


def _read(window: Window, now: datetime) -> tuple[Schedule, timedelta, datetime]:
    """Its schedule, its duration, and `now` on the clock of its time zone (UTC without one)."""
    zone = ZoneInfo(str(window.get("timeZone") or "UTC"))
    local = now.astimezone(zone).replace(tzinfo=None)
    return parse(str(window.get("schedule"))), _duration(str(window.get("duration"))), local


def _duration(text: str) -> timedelta:
    """A Go duration such as `1h30m`; ValueError for anything else."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"'{text}' is not a duration")
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
