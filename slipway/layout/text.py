"""Small pieces of YAML as text. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

# Words, paths and addresses that no YAML reader takes for anything but text.
_PLAIN = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_/$](?:[\w./=-]|:(?=/))*|\./[\w./-]+|\.",
    re.IGNORECASE | re.ASCII,
)
Tree = Mapping[str, "Tree | Sequence[Tree] | str"]


def scalar(text: str) -> str:
    """The text as a value or a key, in quotes where it could be read as anything else."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def mapping(tree: Tree, indentation: str = "") -> str:
    """A mapping, one key a line; its values are always in quotes."""
    return "".join(_lines(tree, indentation))


def _lines(tree: Tree, indentation: str) -> Iterator[str]:
    deeper = indentation + "  "
    for key, value in tree.items():
        if isinstance(value, str):
            yield f"{indentation}{scalar(key)}: {json.dumps(value, ensure_ascii=False)}\n"
        elif isinstance(value, Mapping):
            yield f"{indentation}{scalar(key)}:\n{mapping(value, deeper)}"
        else:
            yield f"{indentation}{scalar(key)}:\n"
            yield from (f"{deeper}- {mapping(item, deeper + '  ').lstrip()}" for item in value)


def items(values: Sequence[str], indentation: str) -> str:
    """A list of values, one a line."""
    return "".join(f"{indentation}- {scalar(value)}\n" for value in values)
