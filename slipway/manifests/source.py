"""Reads a YAML or JSON text into nodes that know where they stand. Nothing here can write YAML.

Aliases are not expanded, so a text costs what its length says.
"""

import re
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.errors import Final

LIMIT = 1 << 20  # characters; reading is slow and a manifest is small
_DEPTH = 200  # open brackets; reading takes quadratic time in them
_NOT_YAML = (
    "correct the file; where it is a template, keep the value in a values file of its own"
    " (tabs can only stand inside quotes)"
)


class NotEditable(Final):
    """The value cannot be changed without a doubt about what else would change; nothing was."""


class Source:
    """One text and the names it has in messages."""

    def __init__(self, text: str, file: str, key: str) -> None:
        self.text, self.file, self.key = text, file, key

    def line(self, node: Node) -> int:
        """The line a node begins on, from 1."""
        return self.text.count("\n", 0, node.start_mark.index) + 1

    def refuse(self, reason: str, hint: str, line: int | None = None) -> NotEditable:
        """The error for this text and key."""
        where = f"{self.file}:{line}" if line else self.file
        return NotEditable(f"{where}: {self.key}: {reason}", hint)


def document(source: Source) -> Node:
    """The root of the only document of the text, unresolved: aliases are not expanded."""
    if len(source.text) > LIMIT:
        raise source.refuse(f"the file is longer than {LIMIT} characters", "split the file")
    if _depth(source.text) > _DEPTH:
        raise source.refuse("nested too deeply", "flatten the file")
    try:
        roots = list(YAML(typ="rt", pure=True).compose_all(source.text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        raise source.refuse(f"not valid YAML: {error.problem}", _NOT_YAML, line) from None
    except (YAMLError, ValueError) as error:
        raise source.refuse(f"not valid YAML: {' '.join(str(error).split())}", _NOT_YAML) from None
    except RecursionError:
        raise source.refuse("nested too deeply", "flatten the file") from None
    documents: list[Node] = [root for root in roots if root is not None and not _is_empty(root)]
    if len(documents) != 1:
        raise source.refuse(
            f"the file holds {len(documents)} documents, not one",
            "keep one document in the file, with the key in it",
        )
    return documents[0]


def outline(root: Node) -> Iterator[tuple[str, str, str]]:
    """Every node once, in order: kind, tag and text. Linear in the text, whatever the aliases."""
    seen: dict[int, int] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            yield "alias", "", str(seen[id(node)])
            continue
        seen[id(node)] = len(seen)
        text = node.value if isinstance(node, ScalarNode) else str(len(node.value))
        yield type(node).__name__, str(node.tag), text
        if isinstance(node, MappingNode):
            waiting.extend(part for pair in reversed(node.value) for part in reversed(pair))
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.value))


def text_of(node: ScalarNode) -> str:
    """The scalar's text. JSON writes characters beyond U+FFFF as two escapes: they become one."""
    return str(node.value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _depth(text: str) -> int:
    """How many brackets are open at most; those in quotes and comments count as well."""
    deepest = depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and root.value == "" and root.style is None
