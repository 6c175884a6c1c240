"""Foreign text made fit to be shown: no credentials, one line, bounded."""

import re
from collections.abc import Iterable
from datetime import datetime

LOG_LINES = 20  # of a log, in an error

_QUOTED = re.compile(r"(?i)([\"'](?:bearer|basic)\s+)[^\"']{6,}")  # a header, breaks and all
_FIELD = re.compile(r"(?is)((?:token|password)\\?[\"']?\s*[:=]\s*\\?([\"']))(?:\\.|(?!\2)[^\\])+")
_DATA = re.compile(r"((?:-d|D)ata\\?[\"']?\s*[:=]\s*\\?[\"']?)[^\s\"',}]{6,}")  # kubeconfig
_CREDENTIAL = re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9+/=._~-]{6,}")
_TOKEN = re.compile(r"\b(gh[a-z]_|github_pat_)\w{16,}")  # GitHub's own, with or without a word
_USERINFO = re.compile(r"(?<=://)[^\s/@]+@")


def redacted(text: str) -> str:
    """`text` without authorization values, quoted tokens and passwords, and user info in URLs."""
    for pattern in (_QUOTED, _FIELD, _DATA, _TOKEN):
        text = pattern.sub(r"\1***", text)
    return without_user(_CREDENTIAL.sub(r"\1 ***", text))


def without_user(text: str) -> str:
    """`text` without user info in URLs."""
    return _USERINFO.sub("", text)


def printable(text: str, limit: int = 200) -> str:
    """`text` on one line, control characters replaced, cut at `limit` characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def shown(line: str) -> str:
    """One line of a foreign log, as an error quotes it."""
    return printable(redacted(line), 500)


def ending(lines: Iterable[str]) -> str:
    """The last lines of a log below a heading; empty when there are none."""
    last = [shown(line) for line in lines][-LOG_LINES:]
    return "\n".join([f"\nlast {len(last)} lines of the log:", *last]) if last else ""


def paragraph(text: str, limit: int = 6000) -> str:
    """`text` in its lines, each fit to be shown, cut at `limit` characters."""
    kept: list[str] = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip(" "))][:8]
        kept.append(indent + printable(line, 1000))
        limit -= len(kept[-1]) + 1
        if limit <= 0:
            return "\n".join([*kept, "…"])
    return "\n".join(kept)


def opens_in(until: datetime, now: datetime) -> str:
    """How long that is, and when: "opens in 3 h 12 min, at 2026-11-27 08:00 UTC"."""
    minutes = max(1, -int((now - until).total_seconds() // 60))
    days, rest = divmod(minutes, 24 * 60)
    parts = ((days, "d"), (rest // 60, "h"), (rest % 60, "min"))
    length = " ".join(f"{number} {unit}" for number, unit in parts if number)
    return f"opens in {length}, at {until:%Y-%m-%d %H:%M} UTC"
