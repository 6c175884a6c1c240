"""The Argo CD stand-in's order of changes: each step a state a client can see."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.argocd_world import GITOPS, World, manifest, running, states
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer

Json = dict[str, Any]
BOGUS = "f" * 40
REFRESH = "argocd.argoproj.io/refresh"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as ready:
        yield ready


def live(world: World, replicas: int = 0, **application: Any) -> str:
    """An application that is Synced and Healthy at its first revision; without pods it is quick."""
    first = world.push_image("1.0.0", replicas=replicas)
    world.add(**application)
    if not application.get("automatic", True):
        world.until(lambda each: states(each)[0] == "OutOfSync")
        assert world.sync().status_code == 200
    world.until_live(first)
    return first


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def recorded(world: World, revision: str, end: Any) -> list[Json]:
    """What a stream shows from a refresh after the push of `revision` to `end`."""
    recorder = world.record(name="books")
    world.until(lambda _: recorder.applications())
    world.refresh()
    world.until(lambda _: end(recorder.applications()[-1]))
    return recorder.applications()


def step(application: Json, revision: str) -> tuple[str, str, str, str, bool]:
    """Slot, phase, sync, health, history: what a step of the automated order changes."""
    status = application["status"]
    slot = "refresh" if REFRESH in application["metadata"].get("annotations", {}) else ""
    slot += " operation" if "operation" in application else ""
    sync, seen, health = states(application)
    at = f"{sync}@{'X' if seen == revision else 'A'}"
    history = [entry["revision"] for entry in status.get("history", [])]
    phase = status.get("operationState", {}).get("phase", "")
    return slot.strip(), phase, at, health, revision in history


def test_a_automated_sync_in_its_eight_steps(world: World) -> None:
    live(world, replicas=1)
    world.images.push_server("1.1.0", start=2.0)  # slower than the controller's look at health
    second = world.push_values(tag="1.1.0")
    seen = recorded(world, second, lambda each: states(each) == ("Synced", second, "Healthy"))
    steps = [step(application, second) for application in seen]
    assert list(dict.fromkeys(steps)) == [
        ("", "Succeeded", "Synced@A", "Healthy", False),
        ("refresh", "Succeeded", "Synced@A", "Healthy", False),  # 1
        ("refresh operation", "", "Synced@A", "Healthy", False),  # 2
        ("operation", "", "OutOfSync@X", "Healthy", False),  # 3
        ("operation", "Running", "OutOfSync@X", "Healthy", False),  # 4
        ("operation", "Running", "OutOfSync@X", "Healthy", True),  # 5
        ("", "Succeeded", "OutOfSync@X", "Healthy", True),  # 6: sync and health still old
        ("", "Succeeded", "Synced@X", "Progressing", True),  # 7
        ("", "Succeeded", "Synced@X", "Healthy", True),  # 8
    ]
    last, synced = seen[-1]["status"], [a for a in seen if states(a)[:2] == ("Synced", second)]
    assert last["reconciledAt"] == synced[0]["status"]["reconciledAt"]
    assert last["reconciledAt"] >= last["operationState"]["finishedAt"]
    assert last["operationState"]["operation"]["initiatedBy"] == {"automated": True}
    assert f"{world.images.repository}:1.1.0" in last["summary"]["images"]


def test_b_manual_sync_clears_the_old_operation_and_holds_one_slot(world: World) -> None:
    live(world, automatic=False)
    old = world.get()["status"]["operationState"]
    second = world.push_values(tag="1.1.0", replicas=0)
    seen = world.refresh()
    assert states(seen) == ("OutOfSync", second, "Healthy")  # m: for ever
    assert "operation" not in seen
    assert old == seen["status"]["operationState"]
    answer = world.sync(revision=second, prune=True, infos=[{"name": "by", "value": "release"}])
    assert "operationState" not in answer.json()["status"]
    assert answer.json()["operation"]["initiatedBy"] == {"username": "robot"}
    assert states(answer.json())[0] == "OutOfSync"
    busy = world.sync()
    assert (busy.status_code, busy.json()["code"]) == (400, 9)
    assert busy.json()["message"] == "another operation is already in progress"
    history = world.until_live(second)["status"]["history"]
    assert [entry["id"] for entry in history] == [0, 1]


def test_b_sync_of_a_commit_that_is_not_the_head_ends_out_of_sync(world: World) -> None:
    first = live(world, automatic=False)
    second = world.push_values(tag="1.1.0", replicas=0)
    world.refresh()
    world.sync(revision=first)
    ended = world.until(
        lambda each: (
            each["status"].get("operationState", {}).get("phase") == "Succeeded"
            and each["status"]["reconciledAt"] >= each["status"]["operationState"]["finishedAt"]
        )
    )
    assert states(ended)[:2] == ("OutOfSync", second)
    assert ended["status"]["operationState"]["syncResult"]["revision"] == first


def test_auto_sync_refuses_any_other_revision(world: World) -> None:
    first = live(world)
    answer = world.sync(revision=first)
    assert (answer.status_code, answer.json()["code"]) == (400, 9)
    text = f"Cannot sync to {first}: auto-sync currently set to main"
    assert answer.json()["message"] == text
    assert world.sync(revision="main").status_code == 200


def test_d_bogus_commit_is_accepted_and_then_an_error(world: World) -> None:
    first = live(world, automatic=False)
    assert world.sync(revision=BOGUS).status_code == 200
    ended = world.until(lambda each: each["status"].get("operationState", {}).get("finishedAt"))
    state = ended["status"]["operationState"]
    assert state["phase"] == "Error"
    assert state["message"].startswith("ComparisonError: ")
    assert state["syncResult"]["revision"] == BOGUS
    assert states(ended)[:2] == ("Synced", first)


def test_d_deleted_branch_is_silent_by_timer_and_unknown_by_refresh(world: World) -> None:
    live(world)
    source = {**manifest("books")["spec"]["source"], "targetRevision": "gone"}
    world.argocd.change(manifest("books", source=source))
    seen = world.until(lambda each: states(each)[0] == "Unknown")
    assert states(seen)[1] == "gone"
    [condition] = seen["status"]["conditions"]
    assert condition["type"] == "ComparisonError"
    assert "unable to resolve 'gone'" in condition["message"]


def test_broken_yaml_is_a_comparison_error_until_it_is_mended(world: World) -> None:
    live(world)
    world.git.push({"books/values-staging.yaml": "image: [unclosed\n"})
    assert states(world.refresh())[:2] == ("Unknown", "main")
    mended = world.push_values(tag="1.2.0", replicas=0)
    world.refresh()
    assert "conditions" not in world.until_live(mended)["status"]


def test_broken_yaml_is_swallowed_by_the_timer(world: World) -> None:
    first = live(world)
    world.argocd.controls.polling = 0.2
    before = world.get()["status"]["reconciledAt"]
    world.until(lambda each: each["status"]["reconciledAt"] > before)
    world.git.push({"books/values-staging.yaml": "image: [unclosed\n"})
    readings = [states(world.get())[:2] for _ in range(20)]
    assert set(readings) == {("Synced", first)}
    assert states(world.refresh())[:2] == ("Unknown", "main")


def test_e_bad_image_succeeds_then_degrades_while_old_pods_serve(world: World) -> None:
    live(world, replicas=1)
    world.cluster.progress_deadline = 1.5
    second = world.push_values(tag="2.0.1-typo")
    world.refresh()
    slow = world.until(lambda each: states(each) == ("Synced", second, "Progressing"))
    assert slow["status"]["operationState"]["phase"] == "Succeeded"

    def reasons(_: Json) -> list[str]:
        nodes = world.api.get("/api/v1/applications/books/resource-tree").json()["nodes"]
        degraded = [n for n in nodes if n["kind"] == "Pod" and n["health"]["status"] == "Degraded"]
        return [info["value"] for node in degraded for info in node["info"]]

    world.until(lambda each: "ImagePullBackOff" in reasons(each))
    ended = world.until(lambda each: states(each) == ("Synced", second, "Degraded"))
    assert ended["status"]["reconciledAt"] == slow["status"]["reconciledAt"]
    assert len(ended["status"]["summary"]["images"]) == 2
    assert httpx.get(world.cluster.expose("books")).json()["version"] == "1.0.0"


def test_crash_shows_in_the_tree(world: World) -> None:
    world.images.push("9.9.9", layer({"app/server.py": CRASHING}))
    world.push_values(tag="9.9.9")
    world.add()

    def reason(_: Json) -> bool:
        nodes = world.api.get("/api/v1/applications/books/resource-tree").json().get("nodes", [])
        return any(info["value"] == "CrashLoopBackOff" for node in nodes for info in node["info"])

    world.until(reason)


def test_f_commit_without_effect_moves_the_revision_only(world: World) -> None:
    first = live(world)
    second = world.git.push({"NOTE.md": "nothing to see"})
    after = world.refresh()
    assert states(after) == ("Synced", second, "Healthy")
    assert after["status"]["operationState"]["syncResult"]["revision"] == first
    assert [entry["revision"] for entry in after["status"]["history"]] == [first]


def test_c_failed_sync_waits_with_the_slot_taken_and_is_not_tried_again(world: World) -> None:
    live(world)
    world.cluster.refusals["books"] = "admission webhook denied the request"
    world.argocd.delays.retry = 0.1
    second = world.push_values(tag="1.1.0", replicas=0)
    world.refresh()
    waiting = world.until(
        lambda each: (
            each["status"].get("operationState", {}).get("retryCount") == 1
            and each["status"]["operationState"].get("finishedAt")
        )
    )
    assert waiting["status"]["operationState"]["phase"] == "Running"
    assert "Retrying attempt #1" in waiting["status"]["operationState"]["message"]
    assert world.sync().json()["message"] == "another operation is already in progress"
    ended = world.until(lambda each: "conditions" in each["status"])
    state = ended["status"]["operationState"]
    assert state["phase"] == "Failed"
    assert state["message"].endswith("denied the request (retried 2 times).")
    assert state["syncResult"]["resources"][0]["status"] == "SyncFailed"
    assert states(ended)[:2] == ("OutOfSync", second)
    assert ended["status"]["conditions"][0]["type"] == "SyncError"
    assert "operation" not in world.refresh()
    world.cluster.refusals.clear()
    third = world.push_values(tag="1.2.0", replicas=0)
    world.refresh()
    assert "conditions" not in world.until_live(third)["status"]


def test_terminating_frees_the_slot(world: World) -> None:
    live(world)
    world.cluster.refusals["books"] = "denied"
    world.argocd.delays.retry = 60
    world.push_values(tag="1.1.0", replicas=0)
    world.refresh()
    world.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    path, headers = "/api/v1/applications/books/operation", {"Content-Type": "application/json"}
    assert world.api.delete(path, headers=headers).json() == {}
    ended = world.until(lambda each: "operation" not in each)
    state = ended["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")


def test_without_refresh_nothing_is_noticed_before_the_poll(world: World) -> None:
    first = live(world)
    second = world.push_values(tag="1.1.0", replicas=0)
    assert {states(world.get())[1] for _ in range(20)} == {first}
    world.argocd.controls.polling = 0.1
    world.until_live(second)


@pytest.mark.parametrize("coalesce", [True, False])
def test_refresh_may_ride_on_an_older_compare(world: World, coalesce: bool) -> None:
    first = live(world)
    world.argocd.controls.coalesce = coalesce
    world.argocd.delays.compare = 1.0
    refreshes, compares = world.argocd.counts("books")
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(world.refresh)
        wait_for(lambda: world.argocd.counts("books")[1] > compares)
        world.argocd.freeze()  # between reading git and writing what was found
        second = world.git.push({"NOTE.md": "later"})
        late = pool.submit(world.refresh)
        wait_for(lambda: world.argocd.counts("books")[0] == refreshes + 2)
        world.argocd.thaw()
        assert states(late.result())[1] == (first if coalesce else second)
        early.result()
    assert states(world.refresh())[1] == second


def test_frozen_controller_keeps_a_refresh_waiting(world: World) -> None:
    live(world)
    world.argocd.freeze()
    headers = {"Grpc-Timeout": "300m"}
    path = "/api/v1/applications/books"
    answer = world.api.get(path, params={"refresh": ""}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, 4)
    assert REFRESH in world.get()["metadata"]["annotations"]
    world.argocd.thaw()
    world.until(lambda each: "annotations" not in each["metadata"])


def test_changed_spec_is_not_what_was_compared(world: World) -> None:
    live(world)
    world.argocd.freeze()
    changed = manifest("books", destination={"namespace": "elsewhere"})
    world.argocd.change(changed)
    status = world.get()["status"]
    assert status["sync"]["comparedTo"]["destination"]["namespace"] == "books"
    world.argocd.thaw()
    compared = {"namespace": "elsewhere"}
    world.until(lambda each: each["status"]["sync"]["comparedTo"]["destination"] == compared)


def test_several_sources_have_a_list_of_revisions(world: World) -> None:
    revision = world.push_values(tag="1.0.0", replicas=0)
    helm = {"releaseName": "books", "valueFiles": ["$values/books/values-staging.yaml"]}
    first = {"repoURL": GITOPS, "path": "books", "targetRevision": "main", "helm": helm}
    values = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
    spec = {key: value for key, value in manifest("books")["spec"].items() if key != "source"}
    world.argocd.add({"metadata": {"name": "books"}, "spec": {**spec, "sources": [first, values]}})
    seen = world.until(lambda each: states(each) == ("Synced", "", "Healthy"))
    assert seen["status"]["sync"]["revisions"] == [revision, revision]
    assert "revision" not in seen["status"]["sync"]
    assert seen["status"]["sync"]["comparedTo"]["source"] == {"repoURL": ""}
    assert world.sync(revisions=[revision], sourcePositions=[3]).status_code == 500


def test_partial_and_dry_syncs_leave_no_history(world: World) -> None:
    live(world, automatic=False)
    world.push_values(tag="1.1.0", replicas=0)
    world.refresh()
    chosen: list[Json] = [{"group": "apps", "kind": "Deployment", "name": "books"}]
    bodies: list[Json] = [{"dryRun": True}, {"resources": chosen}]
    for body in bodies:
        assert world.sync(**body).status_code == 200
        ended = world.until(
            lambda each: each["status"].get("operationState", {}).get("phase") == "Succeeded"
        )
        assert len(ended["status"]["history"]) == 1
    assert states(world.until(lambda each: states(each)[0] == "Synced"))[0] == "Synced"
