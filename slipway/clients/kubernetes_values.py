"""What answers of the Kubernetes API hold: objects, lists of them, and changes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.clients.kubernetes_failures import Answer, Gone, failure
from slipway.clients.kubernetes_resources import Call
from slipway.errors import Retryable

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """Objects, and the resourceVersion to watch from."""

    items: tuple[Json, ...]
    version: str


@dataclass(frozen=True)
class Change:
    """One event of a watch; a BOOKMARK only moves the resourceVersion on."""

    type: str  # ADDED, MODIFIED, DELETED, BOOKMARK
    object: Json

    @property
    def version(self) -> str:
        """The resourceVersion to watch from after it."""
        return str(at(self.object.get("metadata"), "resourceVersion") or "")


def value(answer: Answer, call: Call) -> Json:
    """The object of a success; Retryable when it is cut off."""
    found = answer.object
    if found is None:
        raise _cut_off(call)
    return found


def objects(items: object, call: Call) -> tuple[Json, ...]:
    """The items of a list, which may be null when it is empty; Retryable when they are none."""
    found = [] if items is None else items
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise _cut_off(call)
    return tuple(found)


def change_in(line: bytes, call: Call, source: str) -> Change:
    """One line of a watch; the error that it tells: Gone for a version that is too old."""
    told = Answer(200, {}, line).object or {}
    found = told.get("object")
    if not isinstance(found, dict):
        raise _cut_off(call)
    if told.get("type") != "ERROR":
        return Change(str(told.get("type")), found)
    code = found.get("code")
    if code == 410:
        raise Gone(f"could not {call.what}: the resourceVersion is too old", "read again")
    raise failure(Answer(code if isinstance(code, int) else 500, {}, b""), call, source)


def at(holder: object, key: str) -> Any:
    """What is below a key of an object; None when there is no such, or it is no object."""
    return holder.get(key) if isinstance(holder, Mapping) else None


def _cut_off(call: Call) -> Retryable:
    return Retryable(f"could not {call.what}: the answer is cut off or no object", "retry")
