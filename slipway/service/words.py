"""The words a service file is written in: durations, names, paths and addresses, checked."""

import re
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from slipway.errors import InvalidInput
from slipway.manifests import keypath
from slipway.readiness.cron import parse

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(value: Any) -> Any:
    match = re.fullmatch(r"(\d+)([smhd])", value) if isinstance(value, str) else None
    if match:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError("a duration is a whole number and a unit: 30s, 10m, 24h or 7d")


def _as_text(value: timedelta) -> str:
    return f"{int(value.total_seconds())}s"


SecretName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    bad = path.is_absolute() or ".." in path.parts or "\\" in value or value.startswith("-")
    if bad or any(ord(c) < 32 for c in value) or ".git" in [p.lower() for p in path.parts]:
        raise ValueError("must be a path inside the repository, without '..', '\\' or '.git'")
    return value


def _key_path(value: str) -> str:
    try:
        keypath.parse(value)
    except InvalidInput as error:
        raise ValueError(f"{error.message}: {error.hint}") from None
    return value


def _http(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s@/?#]+(/[^\s?#]*)?", value):
        raise ValueError("must be an http or https URL without user, query or fragment")
    return value.rstrip("/") if value.count("/") > 3 else value


def smoke_url(value: str) -> str:
    """The address, if it is plain http or https; it may have a query."""
    if not re.fullmatch(r"https?://[^\s@/?#]+(/[^\s#]*)?", value):
        raise ValueError("must be an http or https URL without user and fragment")
    return value


def _cron(value: str) -> str:
    try:
        starts = parse(value).after(datetime(2026, 1, 1))  # noqa: DTZ001  # schedules know no zone
    except ValueError as error:
        raise ValueError(f"minute hour day month weekday, as '0 9 * * 1-5': {error}") from None
    if starts is None:
        raise ValueError(f"'{value}' names a day that no year has")
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"'{value}' is no time zone, as 'Europe/Madrid' or 'UTC'") from None
    return value


def some_time(value: timedelta) -> timedelta:
    """The duration, if it is a second or more."""
    if value < timedelta(seconds=1):
        raise ValueError("must be at least 1s")
    return value


def subject(value: str) -> str:
    """The template of a commit's subject, if it is one line and its placeholders are known."""
    if not value.strip() or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError("must be one line of text")
    known = ("service", "version", "environment", "digest")
    unknown = sorted(set(re.findall(r"\{([^{}]*)\}", value)) - set(known))
    if unknown or re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", value)):
        odd = f"unknown {{{unknown[0]}}}" if unknown else "a brace without its other half"
        raise ValueError(f"{odd}; known: {', '.join(f'{{{name}}}' for name in known)}")
    return value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration, json_schema_input_type=str),
    PlainSerializer(_as_text, return_type=str),
]
RepositoryPath = Annotated[str, AfterValidator(_inside), Field(min_length=1)]
PathPattern = RepositoryPath  # `*` and `?` inside a name, `**` across folders
KeyPath = Annotated[str, AfterValidator(_key_path), Field(min_length=1)]
CronSchedule = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_zone)]
RepositoryUrl = Annotated[str, AfterValidator(_http)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Branch = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/-]*$")]
