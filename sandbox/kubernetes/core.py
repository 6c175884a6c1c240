"""The built-in kinds, read-only: what the cluster runs, and the events of everything."""

import json
import zlib
from dataclasses import dataclass

from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.errors import StatusError
from sandbox.kubernetes.kind import Object


@dataclass(frozen=True)
class BuiltIn:
    """One built-in kind."""

    group: str
    plural: str
    kind: str
    namespaced: bool = True


BUILT_IN = {
    each.plural: each
    for each in (
        BuiltIn("", "namespaces", "Namespace", namespaced=False),
        BuiltIn("", "pods", "Pod"),
        BuiltIn("", "events", "Event"),
        BuiltIn("apps", "deployments", "Deployment"),
        BuiltIn("apps", "replicasets", "ReplicaSet"),
        BuiltIn("apps", "statefulsets", "StatefulSet"),
        BuiltIn("apps", "daemonsets", "DaemonSet"),
        BuiltIn("batch", "jobs", "Job"),
        BuiltIn("batch", "cronjobs", "CronJob"),
    )
}


def built_in(cluster: Cluster, events: list[Object], plural: str, namespace: str) -> list[Object]:
    """All objects of a built-in kind, by namespace and name; "" means every namespace."""
    spaces = [namespace] if namespace else cluster.namespaces()
    if plural == "namespaces":
        found = [{"metadata": {"name": name}, "status": {"phase": "Active"}} for name in spaces]
    elif plural == "events":
        own = [each for name in spaces for each in cluster.events(name)]
        found = own + [each for each in events if namespace in ("", each["metadata"]["namespace"])]
    else:
        kind = BUILT_IN[plural].kind
        found = [each for name in spaces for each in cluster.objects(name) if each["kind"] == kind]
    found.sort(key=lambda each: (each["metadata"].get("namespace", ""), each["metadata"]["name"]))
    return [_versioned(each, plural) for each in found]


def log(cluster: Cluster, namespace: str, name: str, query: dict[str, str]) -> str:
    """The text of a container's log; raises StatusError."""
    pods = [each for each in cluster.objects(namespace) if each["kind"] == "Pod"]
    found = [each for each in pods if each["metadata"]["name"] == name]
    if not found:
        raise StatusError(404, f'pods "{name}" not found', name=name, kind="pods")
    container = found[0]["spec"]["containers"][0]["name"]
    asked = query.get("container", container)
    if asked != container:
        raise StatusError(400, f"container {asked} is not valid for pod {name}")
    status = found[0]["status"]["containerStatuses"][0]
    previous = query.get("previous", "") in ("true", "1")
    text = cluster.log(namespace, name, previous=previous)
    if text is None and previous:
        what = f'previous terminated container "{container}" in pod "{name}" not found'
        raise StatusError(400, what)
    if text is None:
        why = _waiting(status["state"].get("waiting", {}).get("reason", "ContainerCreating"))
        raise StatusError(
            400, f'container "{container}" in pod "{name}" is waiting to start: {why}'
        )
    lines = text.splitlines(keepends=True)
    tail = query.get("tailLines", "")
    if tail and not tail.isdigit():
        raise StatusError(400, f'strconv.ParseInt: parsing "{tail}": invalid syntax')
    return "".join(lines[len(lines) - min(int(tail), len(lines)) :] if tail else lines)


def _waiting(reason: str) -> str:
    known = {
        "ErrImagePull": "image can't be pulled",
        "ImagePullBackOff": "trying and failing to pull image",
    }
    return known.get(reason, reason)


def _versioned(found: Object, plural: str) -> Object:
    """With a version that moves whenever the object does."""
    kind = BUILT_IN[plural]
    version = str(zlib.crc32(json.dumps(found, sort_keys=True).encode()))
    metadata = {**found["metadata"], "resourceVersion": version}
    named = {"apiVersion": f"{kind.group}/v1" if kind.group else "v1", "kind": kind.kind}
    return {**named, **found, "metadata": metadata}
