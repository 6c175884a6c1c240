r"""The key of an update, as the service file writes it, and how it is read.

image.tag                                          keys, separated by dots
metadata.annotations.app\.kubernetes\.io/name      a dot that belongs to the key
metadata.annotations."app.kubernetes.io/name"      the same, quoted
spec.sources[0].targetRevision                     the list's first item
spec.sources[repoURL=https://x.y/z].targetRevision the one item whose repoURL is that
"""

import re
from typing import NamedTuple

from slipway.errors import InvalidInput

_NAME = re.compile(r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>(?:[^.\[\]"\\]|\\.)+)')
_SELECTOR = re.compile(
    r"\[(?:(?P<index>\d{1,9})"
    r'|(?P<field>(?:[^=\[\]"\\]|\\.)+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\]"]*)))\]'
)
_ESCAPE = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'[.\[\]"\\]')


class Match(NamedTuple):
    """Selects the one list item whose `field` has this value."""

    field: str
    value: str

    def __str__(self) -> str:
        return f"[{self.field}={self.value}]"


Step = str | int | Match  # a mapping's key, a list's index, a list item's property


def parse(key: str) -> tuple[Step, ...]:
    """The steps of a key, from the root; InvalidInput when it does not follow the grammar."""
    steps: list[Step] = []
    position = 0
    while position < len(key):
        if key[position] == "[":
            position = _selector(key, position, steps)
        else:
            if steps and key[position] != ".":
                raise _malformed(key, position)
            position = _name(key, position + bool(steps), steps)
    if not steps:
        raise _malformed(key, 0)
    return tuple(steps)


def longer(walked: str, step: Step) -> str:
    """A key with one more step, written so that `parse` reads it again."""
    if isinstance(step, int):
        return f"{walked}[{step}]"
    if isinstance(step, Match):
        return f"{walked}{step}"
    plain = step and not _SPECIAL.search(step)
    name = step if plain else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{walked}.{name}" if walked else name


def _name(key: str, position: int, steps: list[Step]) -> int:
    found = _NAME.match(key, position)
    if not found:
        raise _malformed(key, position)
    quoted = found["quoted"]
    steps.append(_ESCAPE.sub(r"\1", found["bare"] if quoted is None else quoted))
    return found.end()


def _selector(key: str, position: int, steps: list[Step]) -> int:
    found = _SELECTOR.match(key, position)
    if not found:
        raise _malformed(key, position)
    if found["index"] is not None:
        steps.append(int(found["index"]))
    else:
        quoted = found["quoted"]
        value = found["bare"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
        steps.append(Match(_ESCAPE.sub(r"\1", found["field"]), value))
    return found.end()


def _malformed(key: str, position: int) -> InvalidInput:
    return InvalidInput(
        f"the key {key!r} cannot be read at character {position + 1}",
        "write keys separated by dots, list items as [0] or [field=value], dots in a key as \\.",
    )
