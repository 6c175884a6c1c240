"""The resource tree, the managed resources and single live objects."""

import json
from typing import Any

from sandbox.argocd.application import Object
from sandbox.argocd.compare import is_hook, key_of, same
from sandbox.argocd.errors import INVALID, ApiError
from sandbox.argocd.health import health


def resource_tree(objects: list[Object]) -> Object:
    """All nodes below the application, with the health of each."""
    return {"nodes": [_node(each) for each in objects]} if objects else {}


def managed_resources(targets: list[Object], objects: list[Object]) -> Object:
    """Each wanted and live pair as JSON strings, without hooks; no `items` without any."""
    wanted = {key_of(each): each for each in targets if not is_hook(each)}
    live = {
        key_of(each): each
        for each in objects
        if "ownerReferences" not in each["metadata"] and not is_hook(each)
    }
    items = [_managed(wanted.get(key), live.get(key)) for key in {**wanted, **live}]
    return {"items": items} if items else {}


def _managed(wanted: Object | None, live: Object | None) -> Object:
    reference = _reference(wanted or live or {})
    del reference["version"]
    states = {"targetState": json.dumps(wanted), "liveState": json.dumps(live)}
    return {
        **reference,
        **states,
        "normalizedLiveState": states["liveState"],
        "predictedLiveState": states["targetState"],
        "modified": not (wanted and live and same(wanted, live)),
    }


def live_manifest(name: str, objects: list[Object], query: Any) -> Object:
    """One live object of the tree; 400 when it is no part of the application."""
    for each in objects:
        reference = _reference(each)
        named = reference["kind"] == query.get("kind") and reference["name"] == query.get(
            "resourceName"
        )
        if named and query.get("namespace", "") in ("", reference["namespace"]):
            return {"manifest": json.dumps(each)}
    what = " ".join(query.get(part, "") for part in ("kind", "group", "resourceName"))
    raise ApiError(INVALID, f"{what} not found as part of application {name}")


def with_resource_health(application: Object, objects: list[Object]) -> Object:
    """The health of each resource is not stored: the API server adds it when one app is read."""
    found = {(each["kind"], each["metadata"]["name"]): each for each in objects}
    for resource in application["status"].get("resources", []):
        live = found.get((resource["kind"], resource["name"]))
        own = health(live) if live else {"status": "Missing"}
        if own:
            resource["health"] = own
    return application


def _reference(resource: Object) -> Object:
    group, _, version = resource["apiVersion"].rpartition("/")
    metadata = resource["metadata"]
    named = {
        "version": version,
        "kind": resource["kind"],
        "namespace": metadata.get("namespace", ""),
    }
    return {**({"group": group} if group else {}), **named, "name": metadata["name"]}


def _node(resource: Object) -> Object:
    metadata = resource["metadata"]
    node = {
        **_reference(resource),
        "uid": metadata["uid"],
        "createdAt": metadata["creationTimestamp"],
    }
    told = {"info": _info(resource), "health": health(resource)}
    node.update({part: value for part, value in told.items() if value})
    if resource["kind"] == "Pod":
        node["images"] = [each["image"] for each in resource["spec"]["containers"]]
        node["networkingInfo"] = {"labels": metadata["labels"]}
    owners = metadata.get("ownerReferences", [])
    if owners:
        node["parentRefs"] = [_parent(owner, metadata["namespace"]) for owner in owners]
    return node


def _parent(owner: Object, namespace: str) -> Object:
    named = {"kind": owner["kind"], "name": owner["name"], "uid": owner["uid"]}
    return {"group": "apps", "namespace": namespace, **named}


def _info(resource: Object) -> list[Object]:
    if resource["kind"] != "Pod":
        annotations = resource["metadata"].get("annotations") or {}
        revision = annotations.get("deployment.kubernetes.io/revision")
        return [{"name": "Revision", "value": f"Rev:{revision}"}] if revision else []
    container = resource["status"]["containerStatuses"][0]
    reason = container["state"].get("waiting", {}).get("reason") or resource["status"]["phase"]
    if "deletionTimestamp" in resource["metadata"]:
        reason = "Terminating"
    info = [
        {"name": "Status Reason", "value": reason},
        {"name": "Node", "value": "node-1"},
        {"name": "Containers", "value": f"{int(container['ready'])}/1"},
    ]
    if container["restartCount"]:
        info.append({"name": "Restart Count", "value": str(container["restartCount"])})
    return info
