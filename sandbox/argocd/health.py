"""Health of single resources, by Argo CD's own rules, and the worst of several."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
OK = ("Healthy", "")
_ORDER = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")


def health(resource: Object) -> Object | None:
    """`{"status": ..., "message": ...}`; None for a kind without a health check."""
    rule = _RULES.get(resource["kind"])
    if rule is None:
        return None
    status, message = rule(resource)
    return {"status": status, "message": message} if message else {"status": status}


def worst(found: list[str]) -> str:
    """The health of an application; Missing counts only if everything is missing."""
    if found and all(each == "Missing" for each in found):
        return "Missing"
    counted = [each for each in found if each != "Missing"]
    return max(counted, key=_ORDER.index, default="Healthy")


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


def _stateful_set(resource: Object) -> tuple[str, str]:
    """Never Degraded: there is no progress deadline."""
    status, wanted = resource["status"], resource["spec"]["replicas"]
    if resource["metadata"]["generation"] > status["observedGeneration"]:
        return "Progressing", "Waiting for statefulset spec update to be observed..."
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return "Progressing", f"Waiting for {wanted - ready} pods to be ready..."
    if status["updateRevision"] != status["currentRevision"]:
        what = f"{updated} pods at revision {status['updateRevision']}"
        return "Progressing", f"waiting for statefulset rolling update to complete {what}..."
    return "Healthy", f"statefulset rolling update complete {wanted} pods at revision"


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


def _job(resource: Object) -> tuple[str, str]:
    conditions = {each["type"]: each for each in resource.get("status", {}).get("conditions", [])}
    if "Failed" in conditions:
        return "Degraded", str(conditions["Failed"]["message"])
    return OK if "Complete" in conditions else ("Progressing", "")


def _scaled_object(resource: Object) -> tuple[str, str]:
    """As the script for keda.sh: what its controller says of itself."""
    for condition in resource.get("status", {}).get("conditions", []):
        if condition["type"] == "Ready":
            return OK if condition["status"] == "True" else ("Degraded", condition["message"])
    return "Progressing", "Creating HorizontalPodAutoscaler Object"


_RULES: dict[str, Callable[[Object], tuple[str, str]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "ReplicaSet": _replica_set,
    "Pod": _pod,
    "Job": _job,
    "ScaledObject": _scaled_object,
}
