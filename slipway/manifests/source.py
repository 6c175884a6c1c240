"""Reads a YAML or JSON text into nodes that know where they stand. Nothing here can write YAML.

Aliases are not expanded, so a text costs what its length says.
"""

import re

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode

from slipway.errors import Final
from slipway.manifests import templates

LIMIT = 1 << 20  # characters; reading is slow and a manifest is small
_DEPTH = 200  # open brackets; reading takes quadratic time in them
_BOM = b"\xef\xbb\xbf"
_NOT_YAML = "correct the file (tabs can only stand inside quotes)"


class NotEditable(Final):
    """The value cannot be changed without a doubt about what else would change; nothing was."""


class Source:
    """One text and the names it has in messages."""

    def __init__(self, text: str, file: str, key: str) -> None:
        self.text, self.file, self.key = text, file, key

    def line(self, node: Node) -> int:
        """The line a node begins on, from 1."""
        return self.line_at(node.start_mark.index)

    def line_at(self, position: int) -> int:
        """The line of a character, from 1."""
        return self.text.count("\n", 0, position) + 1

    def refuse(self, reason: str, hint: str, line: int | None = None) -> NotEditable:
        """The error for this text and key."""
        where = f"{self.file}:{line}" if line else self.file
        return NotEditable(f"{where}: {self.key}: {reason}", hint)

    def refuse_template(self, line: int) -> NotEditable:
        """The error for a text that an engine has to fill in before it is YAML."""
        return self.refuse(
            "the file is a template, not YAML",
            "in updates.file, name the values file that fills it in, and the key there",
            line,
        )


def bom(content: bytes) -> bytes:
    """The byte order mark the file begins with, if any."""
    return _BOM if content.startswith(_BOM) else b""


def decoded(content: bytes, file: str, key: str) -> Source:
    """The text of a file, without byte order mark; NotEditable when it cannot be read safely."""
    try:
        text = content.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotEditable(
            f"{file}: {key}: not UTF-8 at byte {error.start + len(bom(content))}",
            "save the file as UTF-8",
        ) from None
    source = Source(text, file, key)
    for character, name in (("\0", "a NUL character"), ("\x85", "a U+0085 line break")):
        if character in text:
            line = source.line_at(text.index(character))
            raise source.refuse(f"the file holds {name}", "remove the character", line)
    return source


def documents(source: Source) -> tuple[Node, ...]:
    """The roots of all documents with content, unresolved: aliases are not expanded."""
    if len(source.text) > LIMIT:
        raise source.refuse(f"the file is longer than {LIMIT} characters", "split the file")
    if _depth(source.text) > _DEPTH:
        raise source.refuse("nested too deeply", "flatten the file")
    try:
        roots = list(YAML(typ="rt", pure=True).compose_all(source.text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _unreadable(source, str(error.problem), mark.line + 1 if mark else None) from None
    except (YAMLError, ValueError) as error:
        raise _unreadable(source, " ".join(str(error).split()), None) from None
    except RecursionError:
        raise source.refuse("nested too deeply", "flatten the file") from None
    found = tuple(root for root in roots if root is not None and not _is_empty(root))
    template = templates.structure(source.text, source.file, found)
    if template is not None:
        raise source.refuse_template(source.line_at(template))
    return found


def _unreadable(source: Source, problem: str, line: int | None) -> NotEditable:
    template = templates.mark(source.text)
    if template is not None:
        return source.refuse_template(source.line_at(template))
    return source.refuse(f"not valid YAML: {problem}", _NOT_YAML, line)


def _depth(text: str) -> int:
    """How many brackets are open at most; those in quotes and comments count as well."""
    deepest = depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and root.value == "" and root.style is None
