"""Finds one scalar among the nodes of a YAML or JSON text.

Whatever could make an edit mean something else than it says is refused: anchors and aliases on the
way, merge keys, duplicate keys, and predicates that fit several items or none.
"""

from typing import NamedTuple

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.manifests.keypath import Match, Step, longer
from slipway.manifests.nearest import nearest
from slipway.manifests.source import NotEditable, Source
from slipway.manifests.trees import stands, text_of

_SHOWN = 8  # keys named in a hint


class Child(NamedTuple):
    """A node and the key it stands under; a list's item stands under none."""

    node: Node
    key: Node | None


def scalar(source: Source, root: Node, steps: tuple[Step, ...]) -> tuple[ScalarNode, Node | None]:
    """The scalar at the end of the way, and its key; NotEditable when way or end are unfit."""
    node, key = walk(source, root, steps)
    if not isinstance(node, ScalarNode):
        kind = "a list" if isinstance(node, SequenceNode) else "a mapping"
        raise source.refuse(
            f"'{source.key}' is {kind}, not a value",
            f"name a value inside it; there is {_names(_keys(node))}",
            source.line(node),
        )
    return node, key


def lacking(source: Source, root: Node, steps: tuple[Step, ...]) -> MappingNode | None:
    """The mapping that the last key is missing in; None when it is there, or is no mapping's key.

    NotEditable when the way to the mapping is unfit.
    """
    node, name = walk(source, root, steps[:-1]).node, steps[-1]
    if not isinstance(node, MappingNode) or not isinstance(name, str):
        return None
    return None if name in _keys(node) else node


def walk(source: Source, root: Node, steps: tuple[Step, ...]) -> Child:
    """What is at the end of the way; NotEditable when something else would change with it."""
    child, walked = Child(root, None), ""
    _refuse_shared(source, root, walked)
    for step in steps:
        child = _next(source, root, child.node, step, walked)
        walked = longer(walked, step)
        _refuse_shared(source, child.node, walked)
    return child


def _refuse_shared(source: Source, node: Node, walked: str) -> None:
    if node.anchor is not None:
        raise source.refuse(
            f"'{walked or 'the document'}' is anchored as &{node.anchor} or an alias of it:"
            " editing it would change other places too",
            "write the value out where it is used, without anchor and alias",
            source.line(node),
        )


def _next(source: Source, root: Node, node: Node, step: Step, walked: str) -> Child:
    if isinstance(step, str):
        return _by_key(source, root, node, step, walked)
    if not isinstance(node, SequenceNode):
        raise source.refuse(
            f"'{walked}' is not a list", "correct the key: [ ] selects from a list",
            source.line(node),
        )  # fmt: skip
    if isinstance(step, int):
        if step < len(node.value):
            return Child(node.value[step], None)
        raise source.refuse(
            f"'{walked}' has {len(node.value)} items, none at [{step}]",
            "items are counted from 0; [field=value] is the safer way to select one",
            source.line(node),
        )
    return _by_property(source, node, step, walked)


def _by_key(source: Source, root: Node, node: Node, name: str, walked: str) -> Child:
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
            f"duplicate key '{longer(walked, name)}' on lines {lines}",
            "remove one of them",
            source.line(found[1][0]),
        )
    if found:
        return Child(found[0][1], found[0][0])
    raise _missing(source, root, node, name, walked)


def _not_a_mapping(source: Source, node: ScalarNode, walked: str) -> NotEditable:
    line = source.line(node) if stands(node) else None
    if node.style in ("|", ">"):
        return source.refuse(
            f"'{walked}' is a block of text, and the key would be inside that text",
            "use structured values (in an Argo CD Application: valuesObject instead of values)",
            line,
        )
    if node.style is None and node.value in ("", "~", "null"):
        return source.refuse(
            f"'{walked or 'the document'}' is empty", "write the key under it, with any value", line
        )
    return source.refuse(
        f"'{walked or 'the document'}' is a value, not a mapping", "correct the key", line
    )


def _missing(source: Source, root: Node, node: MappingNode, name: str, walked: str) -> NotEditable:
    missing, line = longer(walked, name), source.line(node)
    if any(_text(key) == "<<" and name in _merged(value) for key, value in node.value):
        return source.refuse(
            f"'{missing}' comes only from a merge key: editing it there would change other places"
            " too",
            f"give the mapping a {name} of its own",
            line,
        )
    near = nearest(root, source.key)
    hint = f"did you mean '{near}'?" if near else f"there is {_names(_keys(node))}"
    return source.refuse(f"there is no key '{missing}'", hint, line)


def _merged(node: Node) -> set[str]:
    """Keys that a merge key brings in, one level deep."""
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    return {name for merged in nodes if isinstance(merged, MappingNode) for name in _keys(merged)}


def _by_property(source: Source, node: SequenceNode, match: Match, walked: str) -> Child:
    values = [(item, _property(item, match.field)) for item in node.value]
    found = [item for item, value in values if value == match.value]
    if len(found) == 1:
        return Child(found[0], None)
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


def _text(node: Node) -> str | None:
    return text_of(node) if isinstance(node, ScalarNode) else None


def _keys(node: Node) -> list[str]:
    if not isinstance(node, MappingNode):
        return []
    return [text for key, _ in node.value if (text := _text(key)) is not None]


def _names(names: list[str]) -> str:
    more = ", ..." if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more if names else "none"
