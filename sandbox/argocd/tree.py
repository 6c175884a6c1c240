"""The resource tree, the managed resources and single live objects."""

import json
from typing import Any

from sandbox.argocd.application import Object
from sandbox.argocd.errors import INVALID, ApiError
from sandbox.argocd.health import health, same


def resource_tree(objects: list[Object]) -> Object:
    """All nodes below the application, with the health of each."""
    return {"nodes": [_node(each) for each in objects]} if objects else {}


def managed_resources(wanted: Object | None, objects: list[Object]) -> Object:
    """The wanted and the live Deployment as JSON strings; no `items` when there is neither."""
    live = objects[0] if objects else None
    some = wanted or live
    if some is None:
        return {}
    reference = {key: value for key, value in _reference(some).items() if key != "version"}
    states = {"targetState": json.dumps(wanted), "liveState": json.dumps(live)}
    return {
        "items": [
            {
                **reference,
                **states,
                "normalizedLiveState": states["liveState"],
                "predictedLiveState": states["targetState"],
                "modified": not (wanted and live and same(wanted, live)),
            }
        ]
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
    found = {(each["kind"], each["metadata"]["name"]): health(each) for each in objects}
    for resource in application["status"].get("resources", []):
        key = (resource["kind"], resource["name"])
        resource["health"] = found.get(key, {"status": "Missing"})
    return application


def _reference(resource: Object) -> Object:
    group, _, version = resource["apiVersion"].rpartition("/")
    metadata = resource["metadata"]
    named = {"version": version, "kind": resource["kind"], "namespace": metadata["namespace"]}
    return {**({"group": group} if group else {}), **named, "name": metadata["name"]}


def _node(resource: Object) -> Object:
    metadata = resource["metadata"]
    node = {
        **_reference(resource),
        "uid": metadata["uid"],
        "info": _info(resource),
        "health": health(resource),
        "createdAt": metadata["creationTimestamp"],
    }
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
        revision = resource["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        return [{"name": "Revision", "value": f"Rev:{revision}"}]
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
