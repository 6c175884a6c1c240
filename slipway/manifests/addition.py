"""Where and how a missing key is added to a mapping. Pure.

The place is a guess from the text; the editor reads the result again and refuses it when it holds
anything but one key more.
"""

import json
import re

from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from slipway.manifests.source import Source
from slipway.manifests.splice import Splice
from slipway.manifests.trees import stands

_PLAIN = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][A-Za-z0-9_-]*", re.IGNORECASE
)
_COMMA = re.compile(r"\s*,")
_KEEP = re.compile(r"[|>][0-9]*\+")  # a block of text whose last empty lines count
_NOTHING = re.compile(r"[ \t]*(#.*)?\r?")  # a line without content


def addition(source: Source, root: Node, mapping: MappingNode, name: str, value: str) -> Splice:
    """The key `name` with `value` as the mapping's last entry, in the mapping's own form."""
    text = source.text
    flow = isinstance(root, CollectionNode) and root.flow_style
    quoted = flow or _is_quoted(mapping) or not _PLAIN.fullmatch(name)
    entry = f'{json.dumps(name, ensure_ascii=False) if quoted else name}: "{value}"'
    if not mapping.value:
        return _into_empty(text, mapping, entry)
    if mapping.flow_style:
        return _into_flow(text, mapping, entry)
    return _into_block(source, mapping, entry)


def _is_quoted(mapping: MappingNode) -> bool:
    return bool(mapping.value) and all(key.style == '"' for key, _ in mapping.value)


def _into_empty(text: str, mapping: MappingNode, entry: str) -> Splice:
    """`{}` or `{ }`: the blanks of the second stand on both sides afterwards."""
    start, end = mapping.start_mark.index + 1, mapping.end_mark.index - 1
    blanks = text[start:end] if not text[start:end].strip(" ") else ""
    place = start + len(blanks)
    return Splice(place, place, entry + blanks)


def _into_flow(text: str, mapping: MappingNode, entry: str) -> Splice:
    """Behind the last entry; on a line of its own where the last entry is on one."""
    key, value = mapping.value[-1]
    brace = mapping.end_mark.index - 1
    end = _end(text, value, key.end_mark.index, brace)
    comma = _COMMA.match(text, end, brace)
    start = _line_start(text, key.start_mark.index)
    indentation = text[start : key.start_mark.index]
    own_line = start > mapping.start_mark.index and not indentation.strip()
    between = _line_end(text) + indentation if own_line else " "
    place = comma.end() if comma else end
    return Splice(place, place, ("" if comma else ",") + between + entry)


def _into_block(source: Source, mapping: MappingNode, entry: str) -> Splice:
    """On a new line behind the last entry, with the first key's indentation."""
    text, first = source.text, mapping.value[0][0].start_mark.index
    start = _line_start(text, first)
    if text[start:first].strip(" -"):
        raise source.refuse(
            "the mapping is written in a way that leaves no place for one key more",
            "write its keys on lines of their own",
            source.line_at(first),
        )
    key, value = mapping.value[-1]
    end = _end(text, value, key.end_mark.index, mapping.end_mark.index)
    line = " " * (first - start) + entry
    if text[end - 1] == "\n":  # behind a block of text that keeps its empty lines
        return Splice(end, end, line + _line_end(text))
    place = end + len(re.split(r"[\r\n]", text[end:], maxsplit=1)[0])
    return Splice(place, place, _line_end(text) + line)


def _end(text: str, node: Node, floor: int, limit: int) -> int:
    """Where the last token of a node ends, between `floor` and `limit`.

    The parser's marks do not tell it for blocks, which end at the next token, for empty values, and
    for aliases, which have the marks of their anchor: then it is the last text on a line.
    """
    while node.start_mark.index >= floor and _is_block(node):
        if isinstance(node, MappingNode):
            key, node = node.value[-1]
            floor = max(floor, key.end_mark.index)
        else:
            floor = max([floor, *(item.start_mark.index + 1 for item in node.value[-2:-1])])
            node = node.value[-1]
    if node.start_mark.index < floor or (isinstance(node, ScalarNode) and not stands(node)):
        return _last_text(text, floor, limit)
    end = int(node.end_mark.index)
    keeps_lines = _KEEP.match(text, node.start_mark.index)
    return end if keeps_lines else len(text[:end].rstrip())


def _is_block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style and bool(node.value)


def _last_text(text: str, floor: int, limit: int) -> int:
    """The end of the last line that holds more than a comment."""
    lines = text[floor:limit].split("\n")
    while len(lines) > 1 and _NOTHING.fullmatch(lines[-1]):
        lines.pop()
    return floor + len("\n".join(lines).rstrip())


def _line_start(text: str, position: int) -> int:
    return text.rfind("\n", 0, position) + 1


def _line_end(text: str) -> str:
    """The line ends of the file: those of its first line."""
    return "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
