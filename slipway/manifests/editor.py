"""Changes one value of a manifest and keeps every other byte of the file.

Pure: bytes in, bytes out. ruamel.yaml finds the value; it never writes. The new text is read again
before it is returned, and the change is refused when anything but the value differs. YAML and JSON.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ruamel.yaml.nodes import Node, ScalarNode

from slipway.errors import InvalidInput
from slipway.manifests import keypath
from slipway.manifests.addition import addition
from slipway.manifests.documents import chosen
from slipway.manifests.keypath import Step
from slipway.manifests.nodes import lacking, scalar, walk
from slipway.manifests.source import NotEditable, Source, bom, decoded, documents
from slipway.manifests.splice import Splice, replacement
from slipway.manifests.trees import is_text, outline, text_of

__all__ = ["Edited", "NotEditable", "get_scalar", "set_scalar"]

# The grammar of an OCI tag, or a digest: neither can break out of quotes or of a line.
_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64}")
# Plain values that one YAML reader or another takes for a number, a date, a boolean or nothing.
_NOT_TEXT = re.compile(
    r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)([eE][-+]?[0-9]+)?|0[xob][0-9A-Fa-f_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|y|n|yes|no|on|off|true|false|null|~|",
    re.IGNORECASE,
)
Document = Mapping[str, str] | None  # values, by key, of the one document that is meant


class Edited(NamedTuple):
    """A file after the edit."""

    text: bytes
    old: str  # the value before, as text; empty when there was none
    changed: bool
    line: int  # of the value, from 1


def get_scalar(source: bytes, key: str, *, file: str, document: Document = None) -> str:
    """The value of `key` as text, whatever type a reader would give it.

    `key` follows keypath.py, `file` is the name used in messages. Raises NotEditable, InvalidInput.
    """
    spot = _read(decoded(source, file, key), document)
    return text_of(scalar(spot.source, spot.root, spot.steps)[0])


def set_scalar(
    source: bytes,
    key: str,
    value: str,
    *,
    file: str,
    document: Document = None,
    create: bool = False,
) -> Edited:
    """The file with `key` set to `value`, always as a string: a plain value becomes quoted.

    A value that is there already leaves the file as it is. With `create` a missing last key is
    added to its mapping. Raises NotEditable when the edit cannot be made without doubt,
    InvalidInput for a malformed key or value.
    """
    if not _VALUE.fullmatch(value):
        raise InvalidInput(
            f"{value!r} cannot be written to {file}: {key}: it is neither a tag nor a digest",
            "use {version} or {digest}; letters, digits, '.', '_' and '-', at most 128",
        )
    spot = _read(decoded(source, file, key), document)
    parent = lacking(*spot.way) if create else None
    if parent is not None:
        splice = addition(spot.source, spot.root, parent, spot.last, value)
        return _made(source, spot, splice, parent, "", value)
    node, name = scalar(*spot.way)
    old, line = text_of(node), spot.source.line(name or node)
    splice = replacement(spot.source, node, name, value)
    if old == value and (node.style in ("'", '"') or not _NOT_TEXT.fullmatch(old)):
        return Edited(source, old, False, line)
    return _made(source, spot, splice, node, old, value)


class _Read(NamedTuple):
    """A text as read, and the document and the way in it that are meant."""

    source: Source
    document: Document
    roots: tuple[Node, ...]
    root: Node
    steps: tuple[Step, ...]

    @property
    def way(self) -> tuple[Source, Node, tuple[Step, ...]]:
        return self.source, self.root, self.steps

    @property
    def last(self) -> str:
        return str(self.steps[-1])


def _read(source: Source, document: Document) -> _Read:
    roots, steps = documents(source), keypath.parse(source.key)
    return _Read(source, document, roots, chosen(source, roots, document), steps)


def _made(
    content: bytes, before: _Read, splice: Splice, place: Node, old: str, value: str
) -> Edited:
    """The edit, once its result is read again and differs from `before` in nothing but `place`."""
    edited = Source(splice.into(before.source.text), before.source.file, before.source.key)
    try:
        after = _read(edited, before.document)
        node, name = scalar(*after.way)
        line = edited.line(name or node)
        if is_text(node, value) and _differ_only_at(place, node, before, after):
            return Edited(bom(content) + edited.text.encode(), old, True, line)
    except NotEditable:
        pass
    raise before.source.refuse(
        "the edit would change more than the value, and was not made",
        "write the key and its value, in double quotes, by hand once",
        before.source.line(place),
    )


def _differ_only_at(place: Node, node: ScalarNode, before: _Read, after: _Read) -> bool:
    """`place` is the scalar that `node` stands for, or the mapping that has got it as its last."""
    if isinstance(place, ScalarNode):
        return outline(before.roots, place) == outline(after.roots, node)
    key, added = walk(after.source, after.root, after.steps[:-1]).node.value.pop()
    same = outline(before.roots) == outline(after.roots)
    return same and added is node and is_text(key, before.last)
