"""From live manifests and the resource tree to Workloads. Pure: shapes in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.readiness.observation import Workload

Json = Mapping[str, Any]
KINDS = {
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("argoproj.io", "Rollout"),
}
JOBS = {("batch", "Job"), ("batch", "CronJob")}  # read where the image runs in jobs


def workloads(manifests: Sequence[Json], nodes: Iterable[Json] = ()) -> list[Workload]:
    """Live manifests of kinds in KINDS or JOBS; `nodes` of the tree show their Pods' trouble.

    A Rollout may take its template from a Deployment beside it (`spec.workloadRef`).
    """
    found, tree = {_own(each): each for each in manifests}, tuple(nodes)
    return [workload(each, tree, found.get(_referenced(each))) for each in manifests]


def _own(manifest: Json) -> tuple[str, str]:
    return str(manifest.get("kind")), str((manifest.get("metadata") or {}).get("name"))


def _referenced(manifest: Json) -> tuple[str, str]:
    reference = (manifest.get("spec") or {}).get("workloadRef") or {}
    return str(reference.get("kind")), str(reference.get("name"))


def workload(manifest: Json, nodes: Iterable[Json] = (), template: Json | None = None) -> Workload:
    """One live manifest; `template` is the one that its Pod template is taken from."""
    metadata, spec, status = (manifest.get(key) or {} for key in ("metadata", "spec", "status"))
    kind, name = str(manifest.get("kind")), str(metadata.get("name"))
    replicas, total, updated, available = _counts(kind, spec, status)
    return Workload(
        kind=kind,
        name=name,
        images=images(spec if template is None else template.get("spec") or {}),
        generation=int(metadata.get("generation") or 0),
        observed_generation=_observed(kind, metadata, status, template),
        replicas=replicas,
        total=total,
        updated=updated,
        available=available,
        trouble=trouble(kind, name, tuple(nodes)),
    )


def _observed(kind: str, metadata: Json, status: Json, template: Json | None) -> int:
    """A Rollout tells it as text; Jobs and CronJobs have no such field.

    A template elsewhere has a generation of its own, which the Rollout must have seen, too.
    """
    if ("batch", kind) in JOBS:
        return int(metadata.get("generation") or 0)
    if template is not None:
        newest = int((template.get("metadata") or {}).get("generation") or 0)
        if int(status.get("workloadObservedGeneration") or 0) < newest:
            return 0
    return int(status.get("observedGeneration") or 0)


def images(spec: Json) -> tuple[str, ...]:
    """The references in a Pod template; a CronJob's is that of its Jobs."""
    spec = (spec.get("jobTemplate") or {}).get("spec") or spec
    template = (spec.get("template") or {}).get("spec") or {}
    containers = [*(template.get("initContainers") or ()), *(template.get("containers") or ())]
    return tuple(str(container.get("image", "")) for container in containers)


def _counts(kind: str, spec: Json, status: Json) -> tuple[int, int, int, int]:
    """Wanted, all, updated and available Pods; a count of zero is left out of a status.

    A Job counts by its completions. A CronJob is what its next run will be as soon as it is there.
    """
    if kind == "CronJob":
        return 1, 1, 1, 1
    if kind == "Job":
        done, asked = int(status.get("succeeded") or 0), spec.get("completions")
        return 1 if asked is None else int(asked), done, done, done
    if kind == "DaemonSet":
        names = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable")
        wanted = int(status.get("desiredNumberScheduled") or 0)
    else:
        names = ("replicas", "updatedReplicas", "availableReplicas")
        wanted = 1 if spec.get("replicas") is None else int(spec["replicas"])
    total, updated, available = (int(status.get(name) or 0) for name in names)
    return wanted, total, updated, available


def trouble(kind: str, name: str, nodes: tuple[Json, ...]) -> str | None:
    """Why a Pod of the newest ReplicaSet cannot run; Pods of older ones do not count."""
    owner = next((n for n in nodes if (n.get("kind"), n.get("name")) == (kind, name)), None)
    sets = _children(nodes, owner, "ReplicaSet") if owner else []
    if not sets:
        return None
    newest = max(sets, key=_age)
    found = (_reason(pod) for pod in _children(nodes, newest, "Pod"))
    return next((reason for reason in found if reason), None)


def unhealthy(nodes: Iterable[Json]) -> list[str]:
    """One line for each Pod that cannot run."""
    pods = ((node, _reason(node)) for node in nodes if node.get("kind") == "Pod")
    return [f"Pod/{node.get('name')}: {reason}" for node, reason in pods if reason]


def _children(nodes: tuple[Json, ...], parent: Json, kind: str) -> list[Json]:
    return [
        node
        for node in nodes
        if node.get("kind") == kind
        and any(p.get("uid") == parent.get("uid") for p in node.get("parentRefs") or ())
    ]


def _age(replica_set: Json) -> tuple[int, str]:
    revision = _info(replica_set, "Revision").removeprefix("Rev:")
    return int(revision) if revision.isdigit() else 0, str(replica_set.get("createdAt", ""))


def _reason(pod: Json) -> str | None:
    """Reasons a container waits with and does not recover from quickly (an eviction is none)."""
    health, reason = pod.get("health") or {}, _info(pod, "Status Reason")
    lasting = reason.startswith("Err") or reason.endswith(("BackOff", "Error", "InvalidImageName"))
    if health.get("status") != "Degraded" or not lasting:
        return None
    message = health.get("message")
    return f"{reason}: {message}" if message else reason


def _info(node: Json, name: str) -> str:
    items = node.get("info") or ()
    return next((str(i.get("value", "")) for i in items if i.get("name") == name), "")
