"""Pods as nodes: the health and the word that Argo CD's tree and kubectl have for them."""

from typing import Any

import pytest

from slipway.engines.argocd_workloads import trouble, unhealthy
from slipway.engines.kubernetes_nodes import below, health, node, reason

Json = dict[str, Any]
PULL = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}
RUNNING: Json = {"running": {}}
COMPLETED = {"terminated": {"reason": "Completed", "exitCode": 0}}
CRASHED = {"terminated": {"reason": "Error", "exitCode": 2, "message": "no such table"}}


def container(state: Json, ready: bool = False, last: Json | None = None, **more: Any) -> Json:
    told = {"name": "server", "state": state, "ready": ready, **more}
    return told | ({"lastState": last} if last else {})


def pod(*states: Json, phase: str = "Running", ready: bool = False, **status: Any) -> Json:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "metadata": {"name": "books-1", "namespace": "shop", "uid": "p1"},
        "spec": {"restartPolicy": "Always"},
        "status": {"phase": phase, "conditions": conditions, "containerStatuses": [*states]}
        | status,
    }


def ending(found: Json) -> Json:
    found["metadata"]["deletionTimestamp"] = "2026-08-22T10:00:00Z"
    return found


def once(found: Json) -> Json:
    found["spec"]["restartPolicy"] = "Never"
    return found


CASES = [
    (pod(container(RUNNING, ready=True), ready=True), "Running", "Healthy"),
    (pod(container(CREATING), phase="Pending"), "ContainerCreating", "Progressing"),
    (pod(container(PULL), phase="Pending"), "ImagePullBackOff", "Degraded"),
    (pod(container(RUNNING, last=CRASHED)), "Running", "Degraded"),
    (pod(container(RUNNING)), "Running", "Progressing"),
    (pod(container(COMPLETED), container(RUNNING, ready=True), ready=True), "Running", "Healthy"),
    (pod(container(COMPLETED), container(RUNNING, ready=True)), "NotReady", "Progressing"),
    (once(pod(container(COMPLETED), phase="Succeeded")), "Completed", "Healthy"),
    (once(pod(container(CRASHED), phase="Failed")), "Error", "Degraded"),
    (once(pod(container(PULL), phase="Pending")), "ImagePullBackOff", "Progressing"),
    (pod(phase="Failed", reason="Evicted", message="low on memory"), "Evicted", "Degraded"),
    (ending(pod(container(RUNNING, ready=True), ready=True)), "Terminating", "Healthy"),
    (pod(phase="Pending", initContainerStatuses=[container(PULL)]), "Init:ImagePullBackOff",
     "Progressing"),
    (pod(phase="Pending", initContainerStatuses=[container(CRASHED)]), "Init:Error", "Progressing"),
    (pod(phase="Pending", initContainerStatuses=[container(RUNNING)]), "Init", "Progressing"),
    (pod(container(CREATING), initContainerStatuses=[container(COMPLETED)]), "ContainerCreating",
     "Progressing"),
    (pod(container({"terminated": {"exitCode": 137, "signal": 9}})), "Signal:9", "Progressing"),
    ({}, "", "Progressing"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "word", "state"), CASES)
def test_S35_S57_a_pod_has_the_reason_and_the_health_of_the_resource_tree(
    found: Json, word: str, state: str
) -> None:
    assert (reason(found), health(found)["status"]) == (word, state)


def test_S57_what_a_failing_pod_says_is_kept() -> None:
    assert health(pod(container(PULL)))["message"] == "Back-off pulling image"
    crashed = pod(container(RUNNING, last=CRASHED))
    assert health(crashed)["message"] == "container server failed: no such table"


def test_S36_a_pod_between_two_crashes_shows_that_it_was_started_again() -> None:
    restarted = container(RUNNING, ready=True, last=CRASHED, restartCount=3)
    counted = {"name": "Restart Count", "value": "3"}
    assert counted in node(pod(restarted, ready=True), "Pod")["info"]
    crashing = container(CRASHED, restartCount=3)
    waiting = container(CREATING, restartCount=0)
    assert counted in node(pod(waiting, initContainerStatuses=[crashing]), "Pod")["info"]
    assert counted not in node(pod(container(RUNNING)), "Pod")["info"]


def test_a_sidecar_that_runs_does_not_hold_the_pod_back() -> None:
    found = pod(
        container(RUNNING, ready=True),
        ready=True,
        initContainerStatuses=[container(RUNNING, started=True)],
    )
    found["spec"]["initContainers"] = [{"name": "server", "restartPolicy": "Always"}]
    assert reason(found) == "Running"


def owned(kind: str, uid: str, owner: str, **more: Any) -> Json:
    metadata = {"name": uid, "namespace": "shop", "uid": uid, **more}
    return {"metadata": metadata | {"ownerReferences": [{"uid": owner}]}}


def replica_set(uid: str, revision: int) -> Json:
    annotations = {"deployment.kubernetes.io/revision": str(revision)}
    return node(owned("ReplicaSet", uid, "d1", annotations=annotations), "ReplicaSet")


def failing(uid: str, owner: str) -> Json:
    found = pod(container(PULL), phase="Pending")
    found["metadata"] = owned("Pod", uid, owner)["metadata"]
    return node(found, "Pod")


DEPLOYMENT = node({"metadata": {"name": "books", "namespace": "shop", "uid": "d1"}}, "Deployment")


def test_S57_only_pods_of_the_newest_replica_set_are_trouble() -> None:
    tree = [DEPLOYMENT, replica_set("old", 2), replica_set("new", 10)]
    assert trouble("Deployment", "books", (*tree, failing("p", "old"))) is None
    found = trouble("Deployment", "books", (*tree, failing("p", "new")))
    assert found == "ImagePullBackOff: Back-off pulling image"


def test_pods_of_other_workloads_are_left_out() -> None:
    mine, theirs = failing("mine", "new"), failing("theirs", "other")
    found = below([theirs, mine, replica_set("new", 1)], [DEPLOYMENT])
    assert [each["name"] for each in found] == ["books", "new", "mine"]
    assert unhealthy(found) == ["Pod/mine: ImagePullBackOff: Back-off pulling image"]
