"""Health of single resources and difference between wanted and live, by Argo CD's own rules."""

from typing import Any

Object = dict[str, Any]


def health(resource: Object) -> Object:
    """`{"status": ..., "message": ...}` of a Deployment, ReplicaSet or Pod."""
    rules = {"Deployment": _deployment, "ReplicaSet": _replica_set, "Pod": _pod}
    status, message = rules[resource["kind"]](resource)
    return {"status": status, "message": message} if message else {"status": status}


def same(wanted: Object, live: Object) -> bool:
    """Whether the live Deployment has everything the wanted one asks for."""
    return _essence(wanted) == _essence(live)


def image_of(deployment: Object) -> str:
    """The reference of the one container."""
    return str(_container(deployment)["image"])


def env_of(deployment: Object) -> dict[str, str]:
    """The environment of the one container."""
    return {item["name"]: item["value"] for item in _container(deployment)["env"]}


def _container(deployment: Object) -> Object:
    containers: list[Object] = deployment["spec"]["template"]["spec"]["containers"]
    return containers[0]


def _essence(deployment: Object) -> tuple[str, int, str, dict[str, str]]:
    name, replicas = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    return name, replicas, image_of(deployment), env_of(deployment)


def _deployment(resource: Object) -> tuple[str, str]:
    name, status = resource["metadata"]["name"], resource["status"]
    if resource["metadata"]["generation"] > status["observedGeneration"]:
        behind = "observed deployment generation less than desired generation"
        return "Progressing", f"Waiting for rollout to finish: {behind}"
    if any(each.get("reason") == "ProgressDeadlineExceeded" for each in status["conditions"]):
        return "Degraded", f'Deployment "{name}" exceeded its progress deadline'
    wanted, total = resource["spec"]["replicas"], status.get("replicas", 0)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    waiting = ""
    if updated < wanted:
        waiting = f"{updated} out of {wanted} new replicas have been updated..."
    elif total > updated:
        waiting = f"{total - updated} old replicas are pending termination..."
    elif available < updated:
        waiting = f"{available} of {updated} updated replicas are available..."
    return ("Progressing", f"Waiting for rollout to finish: {waiting}") if waiting else OK


def _replica_set(resource: Object) -> tuple[str, str]:
    wanted = resource["spec"]["replicas"]
    available = resource["status"].get("availableReplicas", 0)
    if available < wanted:
        waiting = f"{available} out of {wanted} new replicas are available..."
        return "Progressing", f"Waiting for rollout to finish: {waiting}"
    return OK


def _pod(resource: Object) -> tuple[str, str]:
    container = resource["status"]["containerStatuses"][0]
    waiting = container["state"].get("waiting", {})
    reason = waiting.get("reason", "")
    if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
        return "Degraded", waiting["message"]
    if resource["status"]["phase"] == "Running":
        if container["ready"]:
            return OK
        if "lastState" in container:
            ended = container["lastState"]["terminated"]
            return "Degraded", f"container {container['name']} failed: {ended['message']}"
    return "Progressing", ""


OK = ("Healthy", "")
