"""Finds one scalar in a YAML or JSON text. Reads only: nothing here can write YAML.

Whatever could make an edit mean something else than it says is refused: anchors and aliases on the
way, merge keys, duplicate keys, several documents, values that are no single token.
"""

import difflib
from collections.abc import Iterator

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.errors import Final
from slipway.keypath import Match, Step

LIMIT = 1 << 20  # characters; reading is slow and a manifest is small
_SHOWN = 8  # keys named in a hint


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


_NOT_YAML = (
    "correct the file; where it is a template, keep the value in a values file of its own"
    " (tabs can only stand inside quotes)"
)


def scalar(source: Source, root: Node, steps: tuple[Step, ...]) -> ScalarNode:
    """The scalar at the end of the way; NotEditable when the way or its end is unfit."""
    node, walked = root, ""
    for step in steps:
        _refuse_shared(source, node, walked)
        node = _next(source, node, step, walked)
        walked = _longer(walked, step)
    _refuse_shared(source, node, walked)
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, SequenceNode) else "a mapping"
        raise source.refuse(
            f"'{walked}' is {kind}, not a value",
            f"name a value inside it; there is {_names(_keys(node))}",
            source.line(node),
        )
    return node


def _refuse_shared(source: Source, node: Node, walked: str) -> None:
    if node.anchor is not None:
        raise source.refuse(
            f"'{walked or 'the document'}' is anchored as &{node.anchor} or an alias of it:"
            " editing it would change other places too",
            "write the value out where it is used, without anchor and alias",
            source.line(node),
        )


def _next(source: Source, node: Node, step: Step, walked: str) -> Node:
    if isinstance(step, str):
        return _by_key(source, node, step, walked)
    if not isinstance(node, SequenceNode):
        raise source.refuse(
            f"'{walked}' is not a list", "correct the key: [ ] selects from a list",
            source.line(node),
        )  # fmt: skip
    if isinstance(step, int):
        if step < len(node.value):
            item: Node = node.value[step]
            return item
        raise source.refuse(
            f"'{walked}' has {len(node.value)} items, none at [{step}]",
            "items are counted from 0; [field=value] is the safer way to select one",
            source.line(node),
        )
    return _by_property(source, node, step, walked)


def _by_key(source: Source, node: Node, name: str, walked: str) -> Node:
    if isinstance(node, ScalarNode):
        raise _not_a_mapping(source, node, walked)
    if not isinstance(node, MappingNode):
        raise source.refuse(
            f"'{walked}' is a list, and '{name}' is a key",
            "select an item first: [0] or [field=value]",
            source.line(node),
        )
    found = [pair for pair in node.value if _text(pair[0]) == name]
    if len(found) > 1:
        lines = " and ".join(str(source.line(key)) for key, _ in found)
        raise source.refuse(
            f"duplicate key '{_longer(walked, name)}' on lines {lines}",
            "remove one of them",
            source.line(found[1][0]),
        )
    if found:
        value: Node = found[0][1]
        return value
    raise _missing(source, node, name, walked)


def _not_a_mapping(source: Source, node: ScalarNode, walked: str) -> NotEditable:
    if node.style in ("|", ">"):
        return source.refuse(
            f"'{walked}' is a block of text, and the key would be inside that text",
            "use structured values (in an Argo CD Application: valuesObject instead of values)",
            source.line(node),
        )
    return source.refuse(
        f"'{walked or 'the document'}' is a value, not a mapping",
        "correct the key", source.line(node),
    )  # fmt: skip


def _missing(source: Source, node: MappingNode, name: str, walked: str) -> NotEditable:
    line = source.line(node)
    if any(_text(key) == "<<" and name in _merged(value) for key, value in node.value):
        return source.refuse(
            f"'{_longer(walked, name)}' comes only from a merge key: editing it there would change"
            " other places too",
            f"give the mapping a {name} of its own",
            line,
        )
    near = difflib.get_close_matches(name, _keys(node), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there is {_names(_keys(node))}"
    return source.refuse(f"there is no key '{_longer(walked, name)}'", hint, line)


def _merged(node: Node) -> set[str]:
    """Keys that a merge key brings in, one level deep."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    return {name for merged in nodes if isinstance(merged, MappingNode) for name in _keys(merged)}


def _by_property(source: Source, node: SequenceNode, match: Match, walked: str) -> Node:
    values = [(item, _property(item, match.field)) for item in node.value]
    found = [item for item, value in values if value == match.value]
    if len(found) == 1:
        item: Node = found[0]
        return item
    there = sorted({value for _, value in values if value is not None})
    if found:
        raise source.refuse(
            f"{len(found)} items of '{walked}' have {match.field}={match.value}",
            "choose a field whose value is there once",
            source.line(found[1]),
        )
    raise source.refuse(
        f"no item of '{walked}' has {match.field}={match.value}",
        f"there is {_names(there)}",
        source.line(node),
    )


def _property(item: Node, field: str) -> str | None:
    if not isinstance(item, MappingNode):
        return None
    return next((_text(value) for key, value in item.value if _text(key) == field), None)


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


def _text(node: Node) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None


def _keys(node: Node) -> list[str]:
    if not isinstance(node, MappingNode):
        return []
    return [text for key, _ in node.value if (text := _text(key)) is not None]


def _names(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more if names else "none"


def _is_empty(root: Node) -> bool:
    return isinstance(root, ScalarNode) and root.value == "" and root.style is None


def _longer(walked: str, step: Step) -> str:
    if isinstance(step, str):
        return f"{walked}.{step}" if walked else step
    return f"{walked}[{step}]" if isinstance(step, int) else f"{walked}{step}"
