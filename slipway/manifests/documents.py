"""Which of a file's documents an update means. Pure."""

from collections.abc import Mapping, Sequence

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.manifests import keypath
from slipway.manifests.keypath import Match, Step
from slipway.manifests.source import NotEditable, Source
from slipway.manifests.trees import text_of

_SHOWN = 8  # documents named in a hint


def chosen(source: Source, roots: Sequence[Node], wanted: Mapping[str, str] | None) -> Node:
    """The one document that has all values of `wanted` at their keys; NotEditable otherwise.

    Without `wanted` the file must hold one document only.
    """
    fitting = [root for root in roots if _fits(root, wanted or {})]
    if len(fitting) == 1:
        return fitting[0]
    if not wanted:
        raise _not_one(source, roots)
    asked = ", ".join(f"{key}: {value}" for key, value in wanted.items())
    if not fitting:
        reason, hint = f"no document has {asked}", f"there is {_names(roots)}"
    else:
        reason = f"{len(fitting)} of {len(roots)} documents have {asked}"
        hint = f"add a key that tells them apart; there is {_names(fitting)}"
    line = source.line(fitting[1]) if fitting else None
    raise source.refuse(reason, hint, line)


def _not_one(source: Source, roots: Sequence[Node]) -> NotEditable:
    reason = f"the file holds {len(roots)} documents, not one"
    if not roots:
        return source.refuse(reason, "write the file's content first, with the key in it")
    example = "{kind: ..., metadata.name: ...}"
    return source.refuse(
        reason, f"say which with updates.document: {example}; there is {_names(roots)}"
    )


def _fits(root: Node, wanted: Mapping[str, str]) -> bool:
    return all(_value(root, keypath.parse(key)) == value for key, value in wanted.items())


def _value(node: Node | None, steps: Sequence[Step]) -> str | None:
    """The text at the end of the way; None when the way does not lead to one value."""
    for step in steps:
        node = _child(node, step)
    return text_of(node) if isinstance(node, ScalarNode) else None


def _child(node: Node | None, step: Step) -> Node | None:
    found: list[Node] = []
    if isinstance(step, str) and isinstance(node, MappingNode):
        found = [value for key, value in node.value if _value(key, ()) == step]
    elif isinstance(step, int) and isinstance(node, SequenceNode):
        found = node.value[step : step + 1]
    elif isinstance(step, Match) and isinstance(node, SequenceNode):
        found = [item for item in node.value if _value(item, (step.field,)) == step.value]
    return found[0] if len(found) == 1 else None


def _names(roots: Sequence[Node]) -> str:
    names = [_called(root) for root in roots[:_SHOWN]]
    return ", ".join(names) + (", ..." if len(roots) > _SHOWN else "")


def _called(root: Node) -> str:
    """What people call a document: `Application books-api`."""
    kind, name = _value(root, ("kind",)), _value(root, ("metadata", "name"))
    if kind:
        return f"{kind} {name}" if name else kind
    kinds = {MappingNode: "a mapping", SequenceNode: "a list"}
    return next((word for one, word in kinds.items() if isinstance(root, one)), "a value")
