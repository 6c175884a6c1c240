"""Applications and what they run, through the Kubernetes API: the same objects as over REST."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.argocd_world import World, running, states
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer

Json = dict[str, Any]
ONE = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/books"
REFRESH = "argocd.argoproj.io/refresh"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as ready:
        yield ready


def test_both_faces_show_the_same_object(world: World) -> None:
    revision = world.push_image("1.0.0", replicas=0)
    world.add()
    over_rest = world.until_live(revision)
    found = world.kube.get(ONE).json()
    assert (found.pop("apiVersion"), found.pop("kind")) == ("argoproj.io/v1alpha1", "Application")
    for resource in over_rest["status"]["resources"]:
        del resource["health"]  # added by the API server alone
    assert found == over_rest


def test_the_refresh_annotation_is_taken_away_when_done(world: World) -> None:
    world.push_image("1.0.0", replicas=0)
    world.add(automatic=False)
    world.until(lambda each: states(each)[0] == "OutOfSync")
    second = world.push_values(tag="1.0.0", replicas=0, note="later")
    world.patch({"metadata": {"annotations": {REFRESH: "normal"}}})
    seen = world.until(lambda each: REFRESH not in each["metadata"].get("annotations", {}))
    assert states(seen)[:2] == ("OutOfSync", second)


def test_an_operation_is_set_by_a_patch_with_a_lock(world: World) -> None:
    revision = world.push_image("1.0.0", replicas=0)
    world.add(automatic=False)
    before = world.until(lambda each: states(each)[0] == "OutOfSync")
    operation = {
        "initiatedBy": {"username": "delivery"},
        "sync": {"syncStrategy": {"hook": {}}},
        "retry": {"limit": 2},
    }
    lock = {"resourceVersion": before["metadata"]["resourceVersion"]}
    wanted: Json = {"operation": operation, "status": {"operationState": None}}
    answer = world.patch({"metadata": lock, **wanted})
    assert answer.json()["operation"]["initiatedBy"] == {"username": "delivery"}
    assert world.patch({"metadata": lock, **wanted}).status_code == 409
    ended = world.until_live(revision)
    assert ended["status"]["operationState"]["syncResult"]["revision"] == revision
    assert ended["status"]["history"][0]["initiatedBy"] == {"username": "delivery"}
    # Without the null the old state is still there; the controller starts all the same.
    started = ended["status"]["operationState"]["startedAt"]
    world.patch({"operation": {**operation, "sync": {"dryRun": True}}})
    again = world.until(lambda each: "operation" not in each)
    assert again["status"]["operationState"]["phase"] == "Succeeded"
    assert again["status"]["operationState"]["operation"]["sync"]["dryRun"] is True
    assert again["status"]["operationState"]["startedAt"] >= started


def test_an_operation_is_ended_by_a_patch(world: World) -> None:
    world.push_image("1.0.0", replicas=0)
    world.cluster.refusals["books"] = "denied"
    world.argocd.delays.retry = 60
    world.add()
    world.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    world.patch({"status": {"operationState": {"phase": "Terminating"}}})
    ended = world.until(lambda each: "operation" not in each)
    assert ended["status"]["operationState"]["message"] == "Operation terminated"


def test_workloads_events_and_logs(world: World) -> None:
    revision = world.push_image("1.0.0")
    world.add()
    world.until_live(revision)
    [deployment] = world.kube.get("/apis/apps/v1/namespaces/books/deployments").json()["items"]
    assert deployment["status"]["availableReplicas"] == 1
    one = world.kube.get("/apis/apps/v1/namespaces/books/deployments/books").json()
    assert one["metadata"]["uid"] == deployment["metadata"]["uid"]
    assert world.kube.get("/apis/apps/v1/statefulsets").json()["items"] == []
    query = {"labelSelector": "app.kubernetes.io/name=books"}
    [pod] = world.kube.get("/api/v1/pods", params=query).json()["items"]
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
    query = {"fieldSelector": f"involvedObject.uid={pod['metadata']['uid']}"}
    events = world.kube.get("/api/v1/namespaces/books/events", params=query).json()["items"]
    assert {"Pulled", "Started"} <= {event["reason"] for event in events}
    query = {"fieldSelector": "involvedObject.kind=Application,involvedObject.name=books"}
    events = world.kube.get("/api/v1/namespaces/argocd/events", params=query).json()["items"]
    assert "OperationCompleted" in {event["reason"] for event in events}
    log = f"/api/v1/namespaces/books/pods/{pod['metadata']['name']}/log"
    assert world.kube.get(log, params={"container": "books"}).status_code == 200
    none = world.kube.get(log, params={"previous": "true"}).json()
    assert (none["code"], none["reason"]) == (400, "BadRequest")
    assert none["message"].startswith('previous terminated container "books" in pod')
    assert world.kube.get(log, params={"container": "other"}).status_code == 400
    gone = world.kube.get("/api/v1/namespaces/books/pods/gone/log")
    assert gone.json()["message"] == 'pods "gone" not found'


def pods(world: World) -> list[Json]:
    return list(world.kube.get("/api/v1/namespaces/books/pods").json()["items"])


def test_what_a_crashed_container_wrote(world: World) -> None:
    world.images.push("9.9.9", layer({"app/server.py": CRASHING}))
    world.push_values(tag="9.9.9")
    world.add()
    world.until(
        lambda _: any(
            each["status"]["containerStatuses"][0]["restartCount"] > 1 for each in pods(world)
        )
    )
    log = f"/api/v1/namespaces/books/pods/{pods(world)[0]['metadata']['name']}/log"
    text = world.kube.get(log, params={"previous": "true"}).text
    assert text.strip()
    last = world.kube.get(log, params={"previous": "true", "tailLines": "1"}).text
    assert last == text.splitlines(keepends=True)[-1]


def test_a_container_that_waits_has_no_log(world: World) -> None:
    world.push_values(tag="no-such-tag")
    world.add()
    world.until(lambda _: pods(world))
    log = f"/api/v1/namespaces/books/pods/{pods(world)[0]['metadata']['name']}/log"
    answer = world.kube.get(log).json()
    assert answer["code"] == 400
    assert "is waiting to start: " in answer["message"]
