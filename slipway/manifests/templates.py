"""Tells templates from YAML: text that only becomes YAML when an engine has filled it in. Pure."""

import re
from collections.abc import Sequence

from ruamel.yaml.nodes import MappingNode, Node

from slipway.manifests.trees import each

_MARK = re.compile(r"^[^#\n]*?\{[{%]", re.MULTILINE)  # {{ or {%, not in a comment
_OF_HELM = re.compile(r"\{\{[^}\n]*\.(Values|Release|Chart|Capabilities|Files)\b")


def mark(text: str) -> int | None:
    """Where the first sign of a template is, in a text that no YAML reader takes."""
    found = _MARK.search(text)
    return found.end() if found else None


def structure(text: str, file: str, roots: Sequence[Node]) -> int | None:
    """Where a template begins in a text that happens to be YAML as well.

    `{{ x }}` is a mapping whose key is a mapping, which nobody writes on purpose. In quotes it is
    text like any other, but for the templates of a Helm chart.
    """
    if "{{" not in text:
        return None
    for root in roots:
        for node, again in each(root):
            if not again and isinstance(node, MappingNode) and any(map(_is_braces, node.value)):
                return int(node.start_mark.index)
    helm = "templates" in file.split("/")[:-1] and _OF_HELM.search(text)
    return helm.start() if helm else None


def _is_braces(pair: tuple[Node, Node]) -> bool:
    return isinstance(pair[0], MappingNode) and bool(pair[0].flow_style)
