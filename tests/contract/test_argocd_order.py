"""The Argo CD stand-in's order of changes: each step a state a client can see."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.argocd_world import GITOPS, World, manifest, quickly_live, states

Json = dict[str, Any]
BOGUS = "f" * 40
REFRESH = "argocd.argoproj.io/refresh"


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def recorded(argo: World, revision: str, end: Any) -> list[Json]:
    """What a stream shows from a refresh after the push of `revision` to `end`."""
    recorder = argo.record(name="books")
    argo.until(lambda _: recorder.applications())
    argo.refresh()
    argo.until(lambda _: end(recorder.applications()[-1]))
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


def test_a_automated_sync_in_its_eight_steps(argo: World) -> None:
    quickly_live(argo, replicas=1)
    argo.images.push_server("1.1.7", start=2.0)  # slower than the controller's look at health
    second = argo.push_values(tag="1.1.7")
    seen = recorded(argo, second, lambda each: states(each) == ("Synced", second, "Healthy"))
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
    assert f"{argo.images.repository}:1.1.7" in last["summary"]["images"]


def test_b_manual_sync_clears_the_old_operation_and_holds_one_slot(argo: World) -> None:
    quickly_live(argo, automatic=False)
    old = argo.get()["status"]["operationState"]
    second = argo.push_values(tag="1.1.0", replicas=0)
    seen = argo.refresh()
    assert states(seen) == ("OutOfSync", second, "Healthy")  # m: for ever
    assert "operation" not in seen
    assert old == seen["status"]["operationState"]
    answer = argo.sync(revision=second, prune=True, infos=[{"name": "by", "value": "release"}])
    assert "operationState" not in answer.json()["status"]
    assert answer.json()["operation"]["initiatedBy"] == {"username": "robot"}
    assert states(answer.json())[0] == "OutOfSync"
    busy = argo.sync()
    assert (busy.status_code, busy.json()["code"]) == (400, 9)
    assert busy.json()["message"] == "another operation is already in progress"
    history = argo.until_live(second)["status"]["history"]
    assert [entry["id"] for entry in history] == [0, 1]


def test_b_sync_of_a_commit_that_is_not_the_head_ends_out_of_sync(argo: World) -> None:
    first = quickly_live(argo, automatic=False)
    second = argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    argo.sync(revision=first)
    ended = argo.until(
        lambda each: (
            each["status"].get("operationState", {}).get("phase") == "Succeeded"
            and each["status"]["reconciledAt"] >= each["status"]["operationState"]["finishedAt"]
        )
    )
    assert states(ended)[:2] == ("OutOfSync", second)
    assert ended["status"]["operationState"]["syncResult"]["revision"] == first


def test_auto_sync_refuses_any_other_revision(argo: World) -> None:
    first = quickly_live(argo)
    answer = argo.sync(revision=first)
    assert (answer.status_code, answer.json()["code"]) == (400, 9)
    text = f"Cannot sync to {first}: auto-sync currently set to main"
    assert answer.json()["message"] == text
    assert argo.sync(revision="main").status_code == 200


def test_f_commit_without_effect_moves_the_revision_only(argo: World) -> None:
    first = quickly_live(argo)
    second = argo.git.push({"NOTE.md": "nothing to see"})
    after = argo.refresh()
    assert states(after) == ("Synced", second, "Healthy")
    assert after["status"]["operationState"]["syncResult"]["revision"] == first
    assert [entry["revision"] for entry in after["status"]["history"]] == [first]


def test_without_refresh_nothing_is_noticed_before_the_poll(argo: World) -> None:
    first = quickly_live(argo)
    second = argo.push_values(tag="1.1.0", replicas=0)
    assert {states(argo.get())[1] for _ in range(20)} == {first}
    argo.argocd.controls.polling = 0.1
    argo.until_live(second)


@pytest.mark.parametrize("coalesce", [True, False])
def test_refresh_may_ride_on_an_older_compare(argo: World, coalesce: bool) -> None:
    first = quickly_live(argo)
    argo.argocd.controls.coalesce = coalesce
    argo.argocd.delays.compare = 1.0
    refreshes, compares = argo.argocd.counts("books")
    with ThreadPoolExecutor(2) as pool:
        early = pool.submit(argo.refresh)
        wait_for(lambda: argo.argocd.counts("books")[1] > compares)
        argo.argocd.freeze()  # between reading git and writing what was found
        second = argo.git.push({"NOTE.md": "later"})
        late = pool.submit(argo.refresh)
        wait_for(lambda: argo.argocd.counts("books")[0] == refreshes + 2)
        argo.argocd.thaw()
        assert states(late.result())[1] == (first if coalesce else second)
        early.result()
    assert states(argo.refresh())[1] == second


def test_frozen_controller_keeps_a_refresh_waiting(argo: World) -> None:
    quickly_live(argo)
    argo.argocd.freeze()
    headers = {"Grpc-Timeout": "300m"}
    path = "/api/v1/applications/books"
    answer = argo.api.get(path, params={"refresh": ""}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, 4)
    assert REFRESH in argo.get()["metadata"]["annotations"]
    argo.argocd.thaw()
    argo.until(lambda each: "annotations" not in each["metadata"])


def test_changed_spec_is_not_what_was_compared(argo: World) -> None:
    quickly_live(argo)
    argo.argocd.freeze()
    changed = manifest("books", destination={"namespace": "elsewhere"})
    argo.argocd.change(changed)
    status = argo.get()["status"]
    assert status["sync"]["comparedTo"]["destination"]["namespace"] == "books"
    argo.argocd.thaw()
    compared = {"namespace": "elsewhere"}
    argo.until(lambda each: each["status"]["sync"]["comparedTo"]["destination"] == compared)


def test_several_sources_have_a_list_of_revisions(argo: World) -> None:
    revision = argo.push_values(tag="1.0.0", replicas=0)
    helm = {"releaseName": "books", "valueFiles": ["$values/books/values-staging.yaml"]}
    first = {"repoURL": GITOPS, "path": "books", "targetRevision": "main", "helm": helm}
    values = {"repoURL": GITOPS, "targetRevision": "main", "ref": "values"}
    spec = {key: value for key, value in manifest("books")["spec"].items() if key != "source"}
    argo.argocd.add({"metadata": {"name": "books"}, "spec": {**spec, "sources": [first, values]}})
    seen = argo.until(lambda each: states(each) == ("Synced", "", "Healthy"))
    assert seen["status"]["sync"]["revisions"] == [revision, revision]
    assert "revision" not in seen["status"]["sync"]
    assert seen["status"]["sync"]["comparedTo"]["source"] == {"repoURL": ""}
    assert argo.sync(revisions=[revision], sourcePositions=[3]).status_code == 500


def test_partial_and_dry_syncs_leave_no_history(argo: World) -> None:
    quickly_live(argo, automatic=False)
    argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    chosen: list[Json] = [{"group": "apps", "kind": "Deployment", "name": "books"}]
    bodies: list[Json] = [{"dryRun": True}, {"resources": chosen}]
    for body in bodies:
        assert argo.sync(**body).status_code == 200
        ended = argo.until(
            lambda each: each["status"].get("operationState", {}).get("phase") == "Succeeded"
        )
        assert len(ended["status"]["history"]) == 1
    assert states(argo.until(lambda each: states(each)[0] == "Synced"))[0] == "Synced"
