"""Difference between wanted and live, resource by resource."""

from typing import Any

from sandbox.argocd.health import health, worst
from sandbox.argocd.rendering import WORKLOADS
from sandbox.rendering.templates import HOOK

Object = dict[str, Any]
Key = tuple[str, str, str, str]  # group, kind, namespace, name
TRACKING = "argocd.argoproj.io/tracking-id"


def key_of(found: Object) -> Key:
    metadata = found["metadata"]
    group = found["apiVersion"].rpartition("/")[0]
    return group, found["kind"], metadata.get("namespace", ""), metadata["name"]


def is_hook(found: Object) -> bool:
    return HOOK in (found["metadata"].get("annotations") or {})


def tracked(found: Object, application: str) -> Object:
    """The manifest with the annotation that says whose it is."""
    group, kind, namespace, name = key_of(found)
    identity = f"{application}:{group}/{kind}:{namespace}/{name}"
    metadata = found["metadata"]
    annotations = {**(metadata.get("annotations") or {}), TRACKING: identity}
    return {**found, "metadata": {**metadata, "annotations": annotations}}


def owner(found: Object) -> str:
    """The application that a live object is tracked by."""
    annotations = found["metadata"].get("annotations") or {}
    return str(annotations.get(TRACKING, "")).partition(":")[0]


def image_of(workload: Object) -> str:
    """The reference of the one container."""
    return str(_container(workload)["image"])


def env_of(workload: Object) -> dict[str, str]:
    """The environment of the one container."""
    return {item["name"]: item.get("value", "") for item in _container(workload).get("env") or []}


def same(wanted: Object, live: Object) -> bool:
    """Whether the live object has everything the wanted one asks for."""
    if wanted["kind"] in WORKLOADS:
        return _essence(wanted) == _essence(live)
    parts = [part for part in wanted if part not in ("apiVersion", "kind", "metadata", "status")]
    return all(_within(wanted[part], live.get(part)) for part in parts)


def entries(targets: list[Object], live: list[Object]) -> list[Object]:
    """`status.resources`: what is wanted, and what is there without being wanted any more."""
    found = {key_of(each): each for each in live}
    wanted = {key_of(each): each for each in targets if not is_hook(each)}
    listed = [_entry(each, _status(each, found.get(key))) for key, each in wanted.items()]
    for key, each in found.items():
        if is_hook(each):  # neither synced nor out of sync
            listed.append({**_entry(each, ""), "hook": True})
        elif key not in wanted:
            listed.append({**_entry(each, "OutOfSync"), "requiresPruning": True})
    return listed


def sync_status(listed: list[Object]) -> str:
    """The worst of all entries."""
    return "OutOfSync" if any(each.get("status") == "OutOfSync" for each in listed) else "Synced"


def overall_health(listed: list[Object], live: list[Object]) -> str:
    """The worst health of the listed resources; hooks do not count."""
    found = {key_of(each): each for each in live}
    counted = []
    for each in listed:
        key = (each.get("group", ""), each["kind"], each["namespace"], each["name"])
        own = health(found[key]) if key in found else {"status": "Missing"}
        if own is not None and not each.get("hook"):
            counted.append(own["status"])
    return worst(counted)


def _status(wanted: Object, live: Object | None) -> str:
    return "Synced" if live is not None and same(wanted, live) else "OutOfSync"


def _entry(found: Object, status: str) -> Object:
    group, version = found["apiVersion"].rpartition("/")[::2]
    metadata = found["metadata"]
    return {
        **({"group": group} if group else {}),
        "version": version,
        "kind": found["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        **({"status": status} if status else {}),
    }


def _container(workload: Object) -> Object:
    containers: list[Object] = workload["spec"]["template"]["spec"]["containers"]
    return containers[0]


def _essence(workload: Object) -> tuple[str, int, str, dict[str, str]]:
    name, replicas = workload["metadata"]["name"], workload["spec"].get("replicas", 1)
    return name, replicas, image_of(workload), env_of(workload)


def _within(wanted: Any, live: Any) -> bool:
    """Whether everything in `wanted` is the same in `live`; defaults may have been added there."""
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            _within(value, live.get(name)) for name, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(live, list):
        return len(wanted) == len(live) and all(map(_within, wanted, live))
    return bool(wanted == live)
