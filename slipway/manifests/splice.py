"""One piece of text in place of another, and how a value is written. Pure."""

import re
from typing import NamedTuple

from ruamel.yaml.nodes import Node, ScalarNode

from slipway.manifests.source import Source
from slipway.manifests.trees import stands

_COLON = re.compile(r"[ \t]*:")


class Splice(NamedTuple):
    """`text` instead of what stands between two positions; they are equal where nothing does."""

    start: int
    end: int
    text: str

    def into(self, text: str) -> str:
        """The whole text after it."""
        return text[: self.start] + self.text + text[self.end :]


def replacement(source: Source, node: ScalarNode, name: Node | None, value: str) -> Splice:
    """`value` in the place of a scalar's token, in the quotes it had, else in double quotes.

    NotEditable when the token is more than one word on one line; `name` is the scalar's key.
    """
    line = source.line(name or node)
    if not stands(node):
        gap = _gap(source, name, line)
        return Splice(gap, gap, f' "{value}"')
    start, end = _span(source, node, line)
    return Splice(start, end, f"'{value}'" if node.style == "'" else f'"{value}"')


def _gap(source: Source, name: Node | None, line: int) -> int:
    """Where a missing value belongs: behind the colon. The parser's own mark is further on."""
    colon = name and _COLON.match(source.text, name.end_mark.index)
    if not colon:
        raise source.refuse(
            "there is no value and no colon to put one behind", "write 'key:'", line
        )
    return colon.end()


def _span(source: Source, node: ScalarNode, line: int) -> tuple[int, int]:
    """Where the value's token begins and ends, quotes included."""
    start, end = node.start_mark.index, node.end_mark.index
    raw = source.text[start:end]
    if raw.startswith("!"):
        raise source.refuse("the value carries a tag", "write the value without '!...'", line)
    if node.style in ("|", ">"):
        raise source.refuse("the value is a block of text", "write it on one line", line)
    if node.style is None:
        raw = raw.rstrip()
    if "\n" in raw or "\r" in raw:
        raise source.refuse("the value spans lines", "write it on one line", line)
    if "{{" in raw:
        raise source.refuse_template(line)
    return start, start + len(raw)
