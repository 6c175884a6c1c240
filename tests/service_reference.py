"""`python -m tests.service_reference`: write docs/service-file.md, every key of a service file.

Names, types and what is required come from the schema, the words from the tables of docs/steps/.
"""

import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from slipway.service import Service

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "service-file.md"
STEPS = sorted((ROOT / "docs" / "steps").glob("*.md"))
# What the pages leave out before a key; the first that fits counts.
SHORT = ("", "environments[].", "environments[].application.", "environments[].smoke.")
_TABLE = re.compile(r"^\| key \| default .*?(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| (.*?) \| (.*) \|$", re.MULTILINE)
_HEAD = """\
# Service file

Every key of `services/*.yaml`, made from the schema and the pages of the steps by `make reference`. Editors that know [the schema](../services/service.schema.json) complete and check them. A duration is a whole number and a unit: `30s`, `10m`, `24h`, `7d`. Paths are relative and stay inside their repository.
"""


class Key(NamedTuple):
    """One key that holds a value."""

    path: str  # as environments[].gate.expires
    kind: str
    required: bool


class Told(NamedTuple):
    """What a page says about it."""

    default: str
    meaning: str
    page: Path


def every_key() -> list[Key]:
    """All that the schema allows, in its order."""
    root = Service.model_json_schema()
    found = {key.path: key for key in _keys(root, root, "", required=True)}
    return list(found.values())


def _keys(
    part: dict[str, Any], root: dict[str, Any], path: str, *, required: bool
) -> Iterator[Key]:
    options = [_resolved(option, root) for option in part.get("anyOf", [part])]
    holders = [each for each in options if "properties" in each]
    items = [each["items"] for each in options if isinstance(each.get("items"), dict)]
    inner = [each for each in items if "properties" in _resolved(each, root)]
    for holder in holders:
        for name, value in holder["properties"].items():
            needed = name in holder.get("required", ())
            yield from _keys(value, root, f"{path}.{name}".lstrip("."), required=needed)
    for each in inner:
        yield from _keys(each, root, f"{path}[]", required=required)
    if not holders and not inner:
        yield Key(path, _kind(part, options, root), required)


def _resolved(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: dict[str, Any] = root["$defs"][part["$ref"].rpartition("/")[2]]
    return found


def _kind(part: dict[str, Any], options: list[dict[str, Any]], root: dict[str, Any]) -> str:
    if re.match(r"P[\dT]", str(part.get("default", ""))):
        return "duration"
    one = next(each for each in options if each.get("type") != "null")
    if "enum" in one:
        return " or ".join(f"`{value}`" for value in one["enum"])
    if "const" in one:
        return f"`{one['const']}`"
    if one["type"] == "array":
        inner = _resolved(one["items"], root)
        pairs = "prefixItems" in inner
        return "list of pairs" if pairs else f"list of {_kind({}, [inner], root)}"
    names = {"string": "text", "boolean": "`true` or `false`", "object": "mapping"}
    return names.get(one["type"], str(one["type"]))


def configured(page: Path) -> list[tuple[str, str, str]]:
    """Key, default and meaning of each row of the tables in the chapter "Configuration"."""
    chapter = page.read_text().partition("## Configuration")[2].partition("\n## ")[0]
    return [row for table in _TABLE.findall(chapter) for row in _ROW.findall(table)]


def key_of(short: str, known: set[str], page: Path) -> str | None:
    """The whole path of a key as a page writes it."""
    preferred = [p for p in SHORT if p.endswith(f"{page.stem}.")]
    found = (prefix + short for prefix in (*preferred, *SHORT))
    return next((key for key in found if key in known), None)


def told() -> dict[str, Told]:
    """What the pages say, by whole key."""
    known = {key.path for key in every_key()}
    found: dict[str, Told] = {}
    for page in STEPS:
        for short, default, meaning in configured(page):
            key = key_of(short, known, page)
            if key:
                found.setdefault(key, Told(default, meaning, page))
    return found


def reference() -> str:
    """The page."""
    known, parts = told(), [_HEAD]
    for head, group in groupby(every_key(), key=lambda key: re.split(r"[.\[]", key.path)[0]):
        rows = "\n".join(_line(key, known.get(key.path)) for key in group)
        parts.append(
            f"## {head}\n\n| key | type | default | meaning |\n|---|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _line(key: Key, said: Told | None) -> str:
    if said is None:
        return f"| `{key.path}` | {key.kind} | required | the service's name, that of the file |"
    default = "required" if key.required else said.default
    meaning = re.sub(
        r"\]\((?!https?:)([^)#]*)", lambda m: f"]({_moved(m[1], said.page)}", said.meaning
    )
    page = f"[{said.page.stem}](steps/{said.page.name})"
    return f"| `{key.path}` | {key.kind} | {default} | {meaning} ({page}) |"


def _moved(target: str, page: Path) -> str:
    """A link of a page of docs/steps/, as docs/ has to write it."""
    if not target:
        return f"steps/{page.name}"
    return os.path.relpath(page.parent / target, PAGE.parent)


if __name__ == "__main__":
    PAGE.write_text(reference())
