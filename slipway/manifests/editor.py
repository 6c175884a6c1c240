"""Changes one value of a manifest and keeps every other byte of the file.

Pure: bytes in, bytes out. ruamel.yaml finds the value; it never writes. The new text is read again
before it is returned, and the change is refused when anything but the value differs. YAML and JSON.
"""

import re
from typing import NamedTuple

from ruamel.yaml.nodes import Node, ScalarNode

from slipway.errors import InvalidInput
from slipway.manifests import keypath
from slipway.manifests.nodes import scalar
from slipway.manifests.source import NotEditable, Source, document, outline, text_of

__all__ = ["Edited", "NotEditable", "get_scalar", "set_scalar"]

# The grammar of an OCI tag, or a digest: neither can break out of quotes or of a line.
_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")
# Plain values that one YAML reader or another takes for a number, a date, a boolean or nothing.
_NOT_TEXT = re.compile(
    r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?|0[xob][0-9A-Fa-f_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|y|n|yes|no|on|off|true|false|null|~|",
    re.IGNORECASE,
)
_BOM = b"\xef\xbb\xbf"
_STRING = "tag:yaml.org,2002:str"


class Edited(NamedTuple):
    """A file after the edit."""

    text: bytes
    old: str  # the value before, as text; empty when there was none
    changed: bool
    line: int  # of the value, from 1


def get_scalar(source: bytes, key: str, *, file: str) -> str:
    """The value of `key` as text, whatever type a reader would give it.

    `key` follows keypath.py, `file` is the name used in messages. Raises NotEditable, InvalidInput.
    """
    text = _decoded(source, file, key)
    spot = Source(text, file, key)
    node, _ = scalar(spot, document(spot), keypath.parse(key))
    return text_of(node)


def set_scalar(source: bytes, key: str, value: str, *, file: str) -> Edited:
    """The file with `key` set to `value`, always as a string: a plain value becomes quoted.

    A value that is there already leaves the file as it is. Raises NotEditable when the edit cannot
    be made without doubt, InvalidInput for a malformed key or value.
    """
    if not _VALUE.fullmatch(value):
        raise InvalidInput(
            f"{value!r} cannot be written to {file}: {key}: it is neither a tag nor a digest",
            "use {version} or {digest}; letters, digits, '.', '_' and '-', at most 128",
        )
    text = _decoded(source, file, key)
    spot = Source(text, file, key)
    root = document(spot)
    node, name = scalar(spot, root, keypath.parse(key))
    line = spot.line(name or node)
    start, end = _span(spot, node, line) if _stands(node) else _gap(spot, name, line)
    old = text_of(node)
    if old == value and (node.style in ("'", '"') or not _NOT_TEXT.fullmatch(old)):
        return Edited(source, old, False, line)
    edited = text[:start] + _written(node, value) + text[end:]
    _require_single_change(spot, root, node, edited, value)
    return Edited(_prefix(source) + edited.encode(), old, True, line)


def _prefix(source: bytes) -> bytes:
    return _BOM if source.startswith(_BOM) else b""


def _decoded(source: bytes, file: str, key: str) -> str:
    try:
        text = source.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotEditable(
            f"{file}: {key}: not UTF-8 at byte {error.start + len(_prefix(source))}",
            "save the file as UTF-8",
        ) from None
    for character, name in (("\0", "a NUL character"), ("\x85", "a U+0085 line break")):
        if character in text:
            line = text.count("\n", 0, text.index(character)) + 1
            raise NotEditable(
                f"{file}:{line}: {key}: the file holds {name}", "remove the character"
            )
    return text


def _stands(node: ScalarNode) -> bool:
    """Whether the value has a token at all; `key:` alone has none."""
    return bool(node.value or node.style or node.start_mark.index < node.end_mark.index)


def _span(spot: Source, node: ScalarNode, line: int) -> tuple[int, int]:
    """Where the value's token begins and ends, quotes included."""
    start, end = node.start_mark.index, node.end_mark.index
    raw = spot.text[start:end]
    if raw.startswith("!"):
        raise spot.refuse("the value carries a tag", "write the value without '!...'", line)
    if node.style in ("|", ">"):
        raise spot.refuse("the value is a block of text", "write it on one line", line)
    if node.style is None:
        raw = raw.rstrip()
    if "\n" in raw or "\r" in raw:
        raise spot.refuse("the value spans lines", "write it on one line", line)
    return start, start + len(raw)


def _gap(spot: Source, name: Node | None, line: int) -> tuple[int, int]:
    """Where a missing value belongs: behind the colon. The parser's own mark is further on."""
    colon = name and re.compile(r"[ \t]*:").match(spot.text, name.end_mark.index)
    if not colon:
        raise spot.refuse("there is no value and no colon to put one behind", "write 'key:'", line)
    return colon.end(), colon.end()


def _written(node: ScalarNode, value: str) -> str:
    """The value's new token: in the quotes it had, else in double quotes."""
    if node.style == "'":
        return f"'{value}'"
    return f'"{value}"' if _stands(node) else f' "{value}"'


def _require_single_change(
    spot: Source, root: Node, node: ScalarNode, edited: str, value: str
) -> None:
    """Read the edited text and refuse it unless exactly one scalar differs, and is `value`."""
    before = list(outline(root))
    after = list(outline(document(Source(edited, spot.file, spot.key))))
    expected = ("ScalarNode", _STRING, value)
    quoted_only = ("ScalarNode", str(node.tag), node.value) == expected
    differing = [new for old, new in zip(before, after, strict=False) if old != new]
    if len(before) != len(after) or differing != ([] if quoted_only else [expected]):
        raise spot.refuse(
            "the edit would change more than the value, and was not made",
            "write the value in double quotes by hand once",
        )
