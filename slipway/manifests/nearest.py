"""What may have been meant by a key that is not there. Pure."""

import difflib
from collections.abc import Iterator

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from slipway.manifests.keypath import Step, longer
from slipway.manifests.trees import text_of

_NEAR = 5  # keys that are looked at more closely
_MANY = 2000  # keys that are compared; a person waits for the answer


def nearest(root: Node, wanted: str) -> str | None:
    """The key of the value in the document whose way is most like `wanted`, written to be used.

    One that only stands deeper or less deep than it was looked for comes first.
    """
    keys = [key for key, _ in zip(_keys(root), range(_MANY), strict=False)]
    moved = [key for key in keys if f".{key}".endswith(f".{wanted}") or _ends(wanted, key)]
    if moved:
        return min(moved, key=len)
    near = difflib.get_close_matches(wanted, keys, n=_NEAR)
    return next((key for key in near if _alike(_last(key), _last(wanted))), None)


def _alike(one: str, other: str) -> bool:
    """A long way in common does not make two names alike."""
    return bool(difflib.get_close_matches(one, [other]))


def _last(key: str) -> str:
    return key.rpartition(".")[2]


def _ends(wanted: str, key: str) -> bool:
    """A single name at the top is too little to go by."""
    return "." in key and wanted.endswith(f".{key}")


def _keys(root: Node) -> Iterator[str]:
    """The keys of all values, in order; what an alias repeats is named once."""
    seen: set[int] = set()
    waiting = [(root, "")]
    while waiting:
        node, walked = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, ScalarNode) and walked:
            yield walked
        waiting.extend((child, longer(walked, step)) for step, child in reversed(_children(node)))


def _children(node: Node) -> list[tuple[Step, Node]]:
    if isinstance(node, SequenceNode):
        return list(enumerate(node.value))
    if isinstance(node, MappingNode):
        return [(text_of(key), value) for key, value in node.value if isinstance(key, ScalarNode)]
    return []
