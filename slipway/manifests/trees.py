"""Walks over the nodes of a document: linear in its text, whatever the aliases. Pure."""

from collections.abc import Iterator, Sequence

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode


def each(root: Node) -> Iterator[tuple[Node, bool]]:
    """All nodes in order, and whether the node came before: then an alias names it again."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        again = id(node) in seen
        yield node, again
        if again:
            continue
        seen.add(id(node))
        if isinstance(node, MappingNode):
            waiting.extend(part for pair in reversed(node.value) for part in reversed(pair))
        elif isinstance(node, SequenceNode):
            waiting.extend(reversed(node.value))


def outline(roots: Sequence[Node], hidden: Node | None = None) -> list[tuple[str, str, str]]:
    """Kind, tag and text of every node, in order; of `hidden` nothing but that it is there."""
    found = []
    for root in roots:
        numbers: dict[int, int] = {}
        for node, again in each(root):
            if again:
                found.append(("alias", "", str(numbers[id(node)])))
                continue
            numbers[id(node)] = len(numbers)
            text = node.value if isinstance(node, ScalarNode) else str(len(node.value))
            seen = (type(node).__name__, str(node.tag), text)
            found.append(("hidden", "", "") if node is hidden else seen)
        found.append(("end", "", ""))
    return found


def stands(node: ScalarNode) -> bool:
    """Whether the value has a token at all; `key:` alone has none."""
    return bool(node.value or node.style or node.start_mark.index < node.end_mark.index)


def text_of(node: ScalarNode) -> str:
    """The scalar's text. JSON writes characters beyond U+FFFF as two escapes: they become one."""
    return str(node.value).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_text(node: Node, text: str) -> bool:
    """Whether every reader takes the node for this string."""
    return isinstance(node, ScalarNode) and (str(node.tag), node.value) == (
        "tag:yaml.org,2002:str", text,
    )  # fmt: skip
