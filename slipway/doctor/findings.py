"""What was found about one thing, and how it is shown. Pure."""

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Literal

from slipway.errors import Retryable, SlipwayError
from slipway.text import printable
from slipway.value import Value

Outcome = Literal["ok", "trouble", "unknown"]
_MARKS: dict[Outcome, str] = {"ok": "ok", "trouble": "!!", "unknown": "??"}
_COLOURS: dict[Outcome, str] = {"ok": "32", "trouble": "31", "unknown": "33"}  # of a terminal
_WIDTH = 80


class Finding(Value):
    """One thing that was looked at."""

    subject: str  # such as "source" or "staging: application"
    outcome: Outcome
    said: str
    hint: str = ""  # what to do next, where something is to be done


def found(subject: str, error: SlipwayError) -> Finding:
    """A failed look: trouble, or unknown where a server could not be asked."""
    outcome: Outcome = "unknown" if isinstance(error, Retryable) else "trouble"
    return Finding(subject=subject, outcome=outcome, said=error.message, hint=error.hint)


def shown(service: str, findings: Sequence[Finding], *, colours: bool) -> str:
    """A service's findings, one below the other, in 80 columns."""
    widest = max((len(each.subject) for each in findings), default=0)
    lines = [line for each in findings for line in _lines(each, widest, colours=colours)]
    return "\n".join([f"{service}:", *lines])


def _lines(finding: Finding, widest: int, *, colours: bool) -> Iterable[str]:
    mark = _MARKS[finding.outcome]
    if colours:
        mark = f"\x1b[{_COLOURS[finding.outcome]}m{mark}\x1b[0m"
    begin = f"  {mark} {finding.subject:<{widest}}  "
    margin = widest + 7
    texts = _wrapped(finding.said, _WIDTH - margin)
    yield begin + texts[0]
    for text in texts[1:]:
        yield " " * margin + text
    if finding.outcome != "ok" and finding.hint:
        for number, text in enumerate(_wrapped(finding.hint, _WIDTH - margin - 2)):
            yield " " * margin + ("→ " if number == 0 else "  ") + text


def _wrapped(text: str, width: int) -> list[str]:
    """Broken between words; a word that is longer stays whole, so that it can be copied."""
    line = printable(text, 2000) or "-"
    return wrap(line, max(width, 20), break_long_words=False, break_on_hyphens=False)
