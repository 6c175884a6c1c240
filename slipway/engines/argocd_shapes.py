"""Reading the JSON of Argo CD objects: absent fields and null lists are normal shapes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


def part(value: Json, key: str) -> Json:
    """The object below a key; empty when there is none."""
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def text(value: Json, key: str) -> str:
    """The text below a key; empty when there is none."""
    return str(value.get(key) or "")


def moment(value: Json, key: str) -> datetime | None:
    """The time below a key, in UTC and whole seconds."""
    found = value.get(key)
    return datetime.fromisoformat(found) if found else None


def revisions(holder: Json) -> tuple[str, ...]:
    """The revisions of a compare or an operation, by source."""
    several, single = holder.get("revisions") or (), holder.get("revision")
    return tuple(several) if several else ((single,) if single else ())


def named(resource: Json) -> str:
    """A resource for people: kind/name."""
    return f"{resource.get('kind')}/{resource.get('name')}"


def plain(value: Any) -> Any:
    """Without empty parts: an absent helm block and an empty one are the same source."""
    if isinstance(value, dict):
        parts = {key: plain(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in ({}, [], "", None, False)}
    return [plain(part) for part in value] if isinstance(value, list) else value
