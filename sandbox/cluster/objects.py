"""The state of a workload as Kubernetes objects: the only thing an engine gets to see."""

from typing import Any

from sandbox.cluster.pod import Pod, State
from sandbox.cluster.workload import ReplicaSet, Workload

Object = dict[str, Any]


def of_workload(workload: Workload) -> list[Object]:
    """The workload, then its ReplicaSets, each followed by its Pods."""
    with workload.lock:
        deployed = workload.template.kind == "Deployment"
        found = [deployment(workload) if deployed else stateful_set(workload)]
        for each in sorted(workload.sets, key=lambda each: -each.revision):
            if deployed:
                found.append(replica_set(workload, each))
            found += [pod(workload, each, one) for one in each.pods]
        return found


def deployment(workload: Workload) -> Object:
    """The live Deployment."""
    template, newest = workload.template, workload.newest
    active = [pod for each in workload.sets for pod in each.active()]
    ready = sum(pod.state.ready for pod in active)
    counts = {
        "replicas": len(active),
        "updatedReplicas": len(newest.active()) if newest else 0,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(template.replicas - ready, 0),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": template.name,
            "namespace": workload.namespace,
            "uid": workload.uid,
            "generation": workload.generation,
            "creationTimestamp": workload.created,
            "labels": {**_labels(template.name), **workload.labels},
            "annotations": {
                "deployment.kubernetes.io/revision": str(newest.revision if newest else 0)
            },
        },
        "spec": {
            "replicas": template.replicas,
            "selector": {"matchLabels": _labels(template.name)},
            "template": _pod_template(template.name, template.image, dict(template.env)),
        },
        "status": {
            "observedGeneration": workload.observed_generation,
            **{name: count for name, count in counts.items() if count},
            "conditions": _conditions(workload, ready),
        },
    }


def stateful_set(workload: Workload) -> Object:
    """The live StatefulSet: as the Deployment, with revisions instead of conditions."""
    live, template = deployment(workload), workload.template
    newest = workload.newest.name if workload.newest else template.name
    oldest = [each.name for each in workload.sets if each.pods]
    del live["metadata"]["annotations"]
    kept = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas")
    status = {name: live["status"][name] for name in kept if name in live["status"]}
    current = newest if workload.complete() or not oldest else oldest[0]
    revisions = {"currentRevision": current, "updateRevision": newest}
    available = {"availableReplicas": live["status"].get("availableReplicas", 0)}
    return {
        **live,
        "kind": "StatefulSet",
        "spec": {**live["spec"], "serviceName": template.name},
        "status": {**status, **available, **revisions},
    }


def replica_set(workload: Workload, each: ReplicaSet) -> Object:
    """One ReplicaSet, owned by the Deployment."""
    template = each.template
    labels = {**_labels(template.name), "pod-template-hash": template.hash}
    owner = _owner("Deployment", template.name, workload.uid)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": each.name,
            "namespace": workload.namespace,
            "uid": each.uid,
            "generation": each.revision,
            "creationTimestamp": each.created,
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": str(each.revision)},
            "ownerReferences": [owner],
        },
        "spec": {
            "replicas": each.wanted,
            "template": _pod_template(template.name, template.image, dict(template.env)),
        },
        "status": {
            "observedGeneration": each.revision,
            "replicas": len(each.active()),
            "readyReplicas": len(each.ready()),
            "availableReplicas": len(each.ready()),
        },
    }


def pod(workload: Workload, each: ReplicaSet, one: Pod) -> Object:
    """One Pod, owned by its ReplicaSet."""
    metadata = {
        **one.metadata,
        "namespace": workload.namespace,
        "labels": {
            **_labels(each.template.name),
            "pod-template-hash": each.template.hash,
        },
        "ownerReferences": [_owner("ReplicaSet", each.name, each.uid)],
    }
    if workload.template.kind == "StatefulSet":
        labels = {**_labels(each.template.name), "controller-revision-hash": each.name}
        owner = _owner("StatefulSet", workload.template.name, workload.uid)
        metadata.update({"labels": labels, "ownerReferences": [owner]})
    if one.terminating:
        metadata["deletionTimestamp"] = one.terminated_at
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "nodeName": "node-1",
            "restartPolicy": "Always",
            "containers": [{"name": each.template.name, "image": one.reference}],
        },
        "status": {
            "phase": one.state.phase,
            "conditions": [{"type": "Ready", "status": "True" if one.state.ready else "False"}],
            "containerStatuses": [_container(each.template.name, one.reference, one.state)],
        },
    }


def _container(name: str, image: str, state: State) -> Object:
    status: Object = {
        "name": name,
        "image": image,
        "imageID": state.image_id,
        "ready": state.ready,
        "restartCount": state.restarts,
        "state": {"running": {}},
    }
    if state.reason:
        status["state"] = {"waiting": {"reason": state.reason, "message": state.message}}
    if state.exit_code is not None:
        ended = {
            "exitCode": state.exit_code,
            "reason": "Error",
            "message": state.log_tail,
        }
        status["lastState"] = {"terminated": ended}
    return status


def _conditions(workload: Workload, ready: int) -> list[Object]:
    available = ready >= workload.template.replicas * 0.75
    name = workload.newest.name if workload.newest else workload.template.name
    progressing = {
        "type": "Progressing",
        "status": "False" if workload.stuck else "True",
        "reason": "ProgressDeadlineExceeded" if workload.stuck else "ReplicaSetUpdated",
        "message": f'ReplicaSet "{name}" '
        + ("has timed out progressing." if workload.stuck else "is progressing."),
    }
    return [
        {"type": "Available", "status": "True" if available else "False"},
        progressing,
    ]


def _pod_template(name: str, image: str, env: dict[str, str]) -> Object:
    container: Object = {
        "name": name,
        "image": image,
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    return {"metadata": {"labels": _labels(name)}, "spec": {"containers": [container]}}


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}


def _owner(kind: str, name: str, uid: str) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "name": name,
        "uid": uid,
        "controller": True,
    }
