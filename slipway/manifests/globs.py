"""Path patterns of a repository: `*` and `?` stay inside one name, `**` crosses folders. Pure."""

import re
from functools import lru_cache

_WILD = {"*": "[^/]*", "?": "[^/]"}


def is_pattern(file: str) -> bool:
    """Whether `file` selects several paths instead of naming one."""
    return "*" in file or "?" in file


def matches(pattern: str, path: str) -> bool:
    """Whether a path, relative to the repository's root, is one that `pattern` selects.

    `**` as a whole name stands for any number of folders, none included: `a/**` is everything
    below `a`, `**/x.yaml` is every x.yaml. No other character has a meaning of its own.
    """
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    *folders, last = pattern.split("/")
    parts = ["(?:[^/]+/)*" if name == "**" else f"{_name(name)}/" for name in folders]
    return re.compile("".join(parts) + (".+" if last == "**" else _name(last)), re.DOTALL)


def _name(name: str) -> str:
    """`**` inside a longer name is what `*` is."""
    parts = re.findall(r"\*+|.", name, re.DOTALL)
    return "".join(_WILD.get(part[0], re.escape(part)) for part in parts)
