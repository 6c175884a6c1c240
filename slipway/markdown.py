"""Markdown that foreign text cannot break out of. Pure.

Written for every renderer a report may meet (Prefect's two UIs, GitHub, a terminal), so it relies
only on what CommonMark and GitHub's tables have in common: entities, backslashes, longer fences.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from slipway.text import printable

# Named entities: Prefect's older UI shows numeric ones as they are written.
_ENTITIES = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", **{mark: f"\\{mark}" for mark in "\\`*_[]~|"}}
)
_BLOCK_START = re.compile(
    r"^([-+=#]|\d{1,9}(?=[.)](\s|$)))"
)  # heading, list, rule at a line's start
# What becomes a link or a mention without any mark-up: "www.", "://", "mailto:", "@name".
_SELF_LINKING = re.compile(r"(?i)(?<=\bwww)(?=\.)|(?<=:)(?=//)|(?<=\bmailto:)|(?<=@)(?=\w)")
_BREAK = "\u200b"  # zero width: seen by renderers, not by people
_CODE = re.compile(r"[A-Za-z0-9@._:/+=, -]+")


def escape(text: str, limit: int = 500) -> str:
    """`text` as literal text on one line, in a paragraph or a table cell, cut at `limit`."""
    line = _SELF_LINKING.sub(_BREAK, printable(text, limit))
    start = _BLOCK_START.match(line)
    literal = line.translate(_ENTITIES)
    if start is None:
        return literal
    first = start[0]
    return f"{first}\\{literal[len(first) :]}" if first[0].isdigit() else f"\\{literal}"


def code(text: str, limit: int = 200) -> str:
    """`text` in code style where its letters allow it, otherwise escaped."""
    if _CODE.fullmatch(text) and text.strip() == text and len(text) <= limit:
        return f"`{text}`"
    return escape(text, limit)


def fence(text: str, language: str = "", limit: int = 20_000) -> str:
    """`text` as a block of code, line by line as it is; says so where it is cut at `limit`.

    Control and direction characters are shown as escapes, so that what is read is what is there.
    """
    clean = text.rstrip("\n")
    kept = "".join(c if c.isprintable() or c in "\n\t" else _named(c) for c in clean[:limit])
    longest = max((len(run) for run in re.findall(r"`+", kept)), default=0)
    ticks = "`" * max(3, longest + 1)
    cut = f"\n\n**{len(clean) - limit} more characters are not shown.**" if clean[limit:] else ""
    return f"{ticks}{language}\n{kept}\n{ticks}{cut}"


def _named(character: str) -> str:
    return character.encode("unicode_escape").decode()


def safe_url(url: str) -> str | None:
    """`url` fit for a link, or None unless it is a plain http or https URL without a user."""
    try:
        parts = urlsplit(url)
        fit = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    if not fit or not url.isprintable() or " " in parts.netloc or "\\" in parts.netloc:
        return None
    return quote(url, safe=":/?#[]@!$&*+,;=%~._-")


def link(text: str, url: str) -> str:
    """A link with `text`, or only the text where `url` is not fit to be one."""
    target = safe_url(url)
    if target is None:
        return escape(text)
    return f"[{escape(text)}]({target.replace('&', '&amp;')})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def duration(seconds: float) -> str:
    """Seconds for people: "4.2 s", "2 min 05 s", "3 h 20 min"."""
    if seconds < 59.95:  # what rounds to less than a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min"


def moment(when: datetime) -> str:
    """A time for people, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
