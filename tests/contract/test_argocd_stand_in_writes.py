"""What the Argo CD stand-in lets a client change: spec, history, end, and logs that it may read."""

import json
from typing import Any

import httpx
import pytest

from sandbox.argocd.accounts import Account, api_key
from tests.contract.argocd_world import WATCHER, World, manifest, states
from tests.contract.sample_image import CRASHING, layer
from tests.contract.sync_wait import history, live

Json = dict[str, Any]
ONE = "/api/v1/applications/books"
READER = Account(
    "reader", token=api_key("reader"), policies=("applications, get, */*", "logs, get, */*")
)


def error(answer: httpx.Response) -> tuple[int, int, str]:
    return answer.status_code, answer.json()["code"], answer.json()["message"]


def patch(world: World, changes: Json, **body: Any) -> httpx.Response:
    asked = {"patch": json.dumps(changes), "patchType": "merge", **body}
    return world.api.patch(ONE, json=asked)


def test_patch_changes_the_spec_and_leaves_the_status(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    before = argo.until(lambda each: states(each)[0] == "OutOfSync")
    changes: Json = {"spec": {"source": {"targetRevision": "v2"}}, "status": {"sync": None}}
    answer = patch(argo, changes, project="default").json()
    assert answer["spec"]["source"]["targetRevision"] == "v2"
    assert answer["spec"]["source"]["path"] == "books"
    assert answer["status"]["sync"] == before["status"]["sync"]
    argo.until(lambda each: states(each)[:2] == ("Unknown", "v2"))


INVALID = "application spec for books is invalid: InvalidSpecError:"
NO_SOURCE = "spec.source.repoURL and either spec.source.path or chart are required"
NO_PROJECT = "application references project gone which does not exist"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"project": "gone"}, NO_PROJECT),
        ({"source": {"path": None}}, f"{INVALID} {NO_SOURCE}"),
        ({"destination": None}, f"{INVALID} Destination server missing from app spec"),
    ],
)
def test_a_spec_that_cannot_be_right_is_refused(argo: World, changes: Json, message: str) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    assert error(patch(argo, {"spec": changes})) == (400, 3, message)


def test_patches_of_other_types_and_bad_ones(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    assert error(patch(argo, {}, patchType="strategic"))[:2] == (400, 3)
    assert error(patch(argo, {}, patch="{"))[:2] == (400, 3)
    with argo.client(WATCHER.token) as watcher:
        denied = watcher.patch(ONE, json={"patch": "{}", "patchType": "merge"})
        assert error(denied)[2].startswith("permission denied: applications, update, default/books")


def test_put_replaces_the_spec(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    spec = manifest("books")["spec"]
    answer = argo.api.put(f"{ONE}/spec", json=spec)
    assert answer.json() == spec
    assert argo.get()["spec"]["syncPolicy"] == spec["syncPolicy"]
    assert error(argo.api.put(f"{ONE}/spec", json={"project": "default"}))[:2] == (400, 3)


def test_rollback_goes_to_an_entry_of_the_history(argo: World) -> None:
    first = live(argo, automatic=False)
    second = argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    argo.sync().raise_for_status()
    argo.until_live(second)
    body = {"id": 0, "prune": True, "project": "default"}
    answer = argo.api.post(f"{ONE}/rollback", json=body)
    assert answer.json()["operation"]["sync"]["revision"] == first
    argo.until(lambda each: states(each)[:2] == ("OutOfSync", second) and len(history(argo)) == 3)
    assert history(argo)[-1] == first
    assert argo.argocd.truth("books").reference.endswith(":1.0.0")
    unknown = argo.api.post(f"{ONE}/rollback", json={"id": 77})
    assert error(unknown)[:2] == (400, 3)


def test_rollback_is_refused_while_auto_sync_is_on(argo: World) -> None:
    live(argo)
    refused = argo.api.post(f"{ONE}/rollback", json={"id": 0})
    assert error(refused) == (400, 9, "rollback cannot be initiated when auto-sync is enabled")


def test_k_deleting_goes_on_before_it_is_gone(argo: World) -> None:
    live(argo)
    argo.argocd.delays.deletion = 2.0
    recorder = argo.record(name="books")
    headers = {"Content-Type": "application/json"}
    assert argo.api.delete(ONE, headers=headers).json() == {}
    going = argo.get()
    assert "deletionTimestamp" in going["metadata"]
    assert going["status"]["operationState"]["phase"] == "Succeeded"  # of old
    assert error(argo.sync()) == (400, 9, "application is deleting")
    argo.record(name="other")
    path, project = ONE, {"project": "default"}
    while argo.api.get(path, params=project).status_code == 200:
        assert "deletionTimestamp" in going["metadata"]
    assert error(argo.api.get(path, params=project))[:2] == (404, 5)
    assert error(argo.api.get(path))[:2] == (403, 7)
    assert recorder.events()[-1]["type"] == "DELETED"
    assert [each for each in argo.cluster.objects("books") if each["kind"] == "Deployment"] == []
    argo.add()  # a new one of the same name
    argo.until(lambda each: each["status"].get("operationState", {}).get("phase") == "Succeeded")


def test_terminating_while_waiting_for_a_retry_lets_the_new_commit_in(argo: World) -> None:
    live(argo)
    argo.cluster.refusals["books"] = "denied"
    argo.argocd.delays.retry = 60
    argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    argo.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    newer = argo.push_values(tag="1.2.0", replicas=0)
    assert argo.refresh()["status"]["operationState"]["retryCount"] == 1  # the slot is taken
    argo.cluster.refusals.clear()
    argo.api.delete(f"{ONE}/operation", headers={"Content-Type": "application/json"})
    argo.until_live(newer)


@pytest.mark.parametrize("refresh", [False, True])
def test_c_a_retry_keeps_its_revision_unless_it_is_told_to_look(argo: World, refresh: bool) -> None:
    live(argo, automatic=False)
    argo.cluster.refusals["books"] = "denied"
    argo.argocd.delays.retry = 1.0
    second = argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    retry = {"limit": 5, "backoff": {"duration": "1s", "factor": 1}, "refresh": refresh}
    argo.sync(retryStrategy=retry).raise_for_status()
    argo.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    third = argo.push_values(tag="1.2.0", replicas=0)
    argo.cluster.refusals.clear()
    ended = argo.until(lambda each: "operation" not in each)
    result = ended["status"]["operationState"]["syncResult"]["revision"]
    assert result == (third if refresh else second)


def logged(answer: httpx.Response) -> list[Json]:
    answer.raise_for_status()
    return [json.loads(line)["result"] for line in answer.text.splitlines()]


def test_logs_are_read_line_by_line_with_their_own_permission(argo: World) -> None:
    argo.argocd.accounts.accounts.append(READER)
    argo.images.push("9.9.9", layer({"app/server.py": CRASHING}))
    argo.push_values(tag="9.9.9")
    argo.add()
    with (
        argo.client(WATCHER.token) as watcher,
        httpx.Client(
            base_url=argo.server.url, headers={"Authorization": f"Bearer {READER.token}"}
        ) as reader,
    ):
        denied = watcher.get(f"{ONE}/logs")
        assert error(denied)[2].startswith("permission denied: logs, get, default/books")
        argo.until(lambda _: "CrashLoopBackOff" in reader.get(f"{ONE}/resource-tree").text)
        lines = logged(reader.get(f"{ONE}/logs", params={"container": "books", "tailLines": "5"}))
        assert lines[0]["content"] == "cannot start: books.json is missing"
        assert [line["last"] for line in lines] == [False, True]
        pod = lines[0]["podName"]
        before = logged(reader.get(f"{ONE}/pods/{pod}/logs", params={"previous": "true"}))
        assert before[0]["content"] == lines[0]["content"]
        wrong = reader.get(f"{ONE}/pods/{pod}/logs", params={"container": "other"})
        assert error(wrong)[:2] == (400, 3)
