"""The `fields` query: keep only the named paths of an answer."""

from typing import Any


def keep(value: Any, fields: str) -> Any:
    """`value` with only the comma-separated paths; all of it when there are none."""
    paths = [path.split(".") for path in fields.split(",") if path]
    return _keep(value, paths) if paths else value


def _keep(value: Any, paths: list[list[str]]) -> Any:
    if any(not path for path in paths):
        return value
    if isinstance(value, list):  # a path names what is in the items
        return [_keep(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    heads = {path[0] for path in paths}
    return {
        key: _keep(value[key], [path[1:] for path in paths if path[0] == key])
        for key in value
        if key in heads
    }
