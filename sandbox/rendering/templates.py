"""Everything that the sandbox's chart can render from values, beside the one workload.

`kind: StatefulSet` instead of a Deployment, or `kind: none`; `hooks: [{name, hook}]` are Jobs that
run the image; `cronJob: {schedule}` runs it too; `scaleObject: {enabled: true}` is a ScaledObject.
"""

from sandbox.rendering.repository import RepoError
from sandbox.rendering.values import Object, deployment

HOOK = "argocd.argoproj.io/hook"


def manifests(values: Object, release: str, namespace: str) -> list[Object]:
    """All objects of a release; raises RepoError."""
    workload = deployment(values, release, namespace)
    kind, found = values.get("kind", "Deployment"), []
    if kind not in ("Deployment", "StatefulSet", "none"):
        raise RepoError(f"kind {kind!r} is not one of Deployment, StatefulSet and none")
    if kind == "StatefulSet":
        workload["spec"]["serviceName"] = workload["metadata"]["name"]
    if kind != "none":
        found.append({**workload, "kind": kind})
    found += [_hook(workload, each) for each in values.get("hooks") or []]
    if values.get("cronJob"):
        found.append(_cron_job(workload, values["cronJob"]))
    if (values.get("scaleObject") or {}).get("enabled"):
        found.append(_scaled_object(workload, values["scaleObject"]))
    return found


def _hook(workload: Object, asked: Object) -> Object:
    name = f"{workload['metadata']['name']}-{asked['name']}"
    annotations = {HOOK: asked.get("hook", "PreSync")}
    metadata = {**_named(workload, name), "annotations": annotations}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {"template": _pod(workload)},
    }


def _cron_job(workload: Object, asked: Object) -> Object:
    job = {"spec": {"template": _pod(workload)}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": _named(workload, f"{workload['metadata']['name']}-cron"),
        "spec": {"schedule": asked.get("schedule", "0 3 * * *"), "jobTemplate": job},
    }


def _scaled_object(workload: Object, asked: Object) -> Object:
    name = workload["metadata"]["name"]
    counts = {"minReplicaCount": asked.get("minReplicas", 1), "maxReplicaCount": 5}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": _named(workload, name),
        "spec": {"scaleTargetRef": {"name": name}, **counts},
    }


def _named(workload: Object, name: str) -> Object:
    metadata = workload["metadata"]
    return {"name": name, "namespace": metadata["namespace"], "labels": metadata["labels"]}


def _pod(workload: Object) -> Object:
    spec = workload["spec"]["template"]["spec"]
    return {"spec": {"restartPolicy": "Never", "containers": spec["containers"]}}
