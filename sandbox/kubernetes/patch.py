"""PATCH with a merge patch: the checks of the API server, in its order."""

import copy
from typing import Any

from sandbox.kubernetes.errors import StatusError, not_found
from sandbox.kubernetes.kind import Kind, Object
from sandbox.kubernetes.path import Path
from sandbox.kubernetes.store import Missing, Objects

_KEPT = ("name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation")


def merge_patch(objects: Objects, kind: Kind, path: Path, changes: Any) -> Object:
    """Apply a merge patch and answer with the object; raises StatusError."""
    if not isinstance(changes, dict):
        raise StatusError(400, "json: cannot unmarshal the patch into an object")
    asked = (changes.get("metadata") or {}).get("resourceVersion")

    def change(current: Object) -> None:
        if asked not in (None, current["metadata"]["resourceVersion"]):
            raise _conflict(kind, path.name)
        after = merged(current, _allowed(kind, path, changes))
        _check(kind, path.name, after)
        after["metadata"].update(
            {key: current["metadata"][key] for key in _KEPT if key in current["metadata"]}
        )
        current.clear()
        current.update(after)

    try:
        return objects.patch(kind, path.namespace, path.name, change)
    except Missing:
        raise not_found(kind.resource, path.name) from None


def merged(below: Any, above: Any) -> Any:
    """RFC 7396: maps are merged, anything else is replaced, null removes."""
    if not isinstance(above, dict):
        return above
    result = copy.deepcopy(below) if isinstance(below, dict) else {}
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _allowed(kind: Kind, path: Path, changes: Object) -> Object:
    """The main resource ignores status where that is a subresource, and the reverse."""
    named = {key: value for key, value in changes.items() if key not in ("apiVersion", "kind")}
    if path.sub == "status":
        return {key: value for key, value in named.items() if key == "status"}
    if kind.status:
        named.pop("status", None)
    return named


def _check(kind: Kind, name: str, after: Object) -> None:
    for part in ("metadata", "spec", "status", "operation"):
        if not isinstance(after.get(part, {}), dict):
            wrong = f'{part}: Invalid value: must be of type object: "{after[part]}"'
            text = f'{kind.kind}.{kind.group} "{name}" is invalid: {wrong}'
            raise StatusError(422, text, name=name, group=kind.group, kind=kind.kind)


def _conflict(kind: Kind, name: str) -> StatusError:
    text = (
        f'Operation cannot be fulfilled on {kind.resource} "{name}": the object has been modified;'
        " please apply your changes to the latest version and try again"
    )
    return StatusError(409, text, name=name, group=kind.group, kind=kind.plural)
