"""The Argo CD stand-in's order of changes: what goes wrong, and how it ends."""

from typing import Any

import httpx

from tests.contract.argocd_world import World, manifest, quickly_live, states
from tests.contract.sample_image import CRASHING, layer

Json = dict[str, Any]
BOGUS = "f" * 40
REFRESH = "argocd.argoproj.io/refresh"


def test_d_bogus_commit_is_accepted_and_then_an_error(argo: World) -> None:
    first = quickly_live(argo, automatic=False)
    assert argo.sync(revision=BOGUS).status_code == 200
    ended = argo.until(lambda each: each["status"].get("operationState", {}).get("finishedAt"))
    state = ended["status"]["operationState"]
    assert state["phase"] == "Error"
    assert state["message"].startswith("ComparisonError: ")
    assert state["syncResult"]["revision"] == BOGUS
    assert states(ended)[:2] == ("Synced", first)


def test_d_deleted_branch_is_silent_by_timer_and_unknown_by_refresh(argo: World) -> None:
    quickly_live(argo)
    source = {**manifest("books")["spec"]["source"], "targetRevision": "gone"}
    argo.argocd.change(manifest("books", source=source))
    seen = argo.until(lambda each: states(each)[0] == "Unknown")
    assert states(seen)[1] == "gone"
    [condition] = seen["status"]["conditions"]
    assert condition["type"] == "ComparisonError"
    assert "unable to resolve 'gone'" in condition["message"]


def test_broken_yaml_is_a_comparison_error_until_it_is_mended(argo: World) -> None:
    quickly_live(argo)
    argo.git.push({"books/values-staging.yaml": "image: [unclosed\n"})
    assert states(argo.refresh())[:2] == ("Unknown", "main")
    mended = argo.push_values(tag="1.2.0", replicas=0)
    argo.refresh()
    assert "conditions" not in argo.until_live(mended)["status"]


def test_broken_yaml_is_swallowed_by_the_timer(argo: World) -> None:
    first = quickly_live(argo)
    argo.argocd.controls.polling = 0.2
    before = argo.get()["status"]["reconciledAt"]
    argo.until(lambda each: each["status"]["reconciledAt"] > before)
    argo.git.push({"books/values-staging.yaml": "image: [unclosed\n"})
    readings = [states(argo.get())[:2] for _ in range(20)]
    assert set(readings) == {("Synced", first)}
    assert states(argo.refresh())[:2] == ("Unknown", "main")


def test_e_bad_image_succeeds_then_degrades_while_old_pods_serve(argo: World) -> None:
    quickly_live(argo, replicas=1)
    argo.cluster.progress_deadline = 1.5
    second = argo.push_values(tag="2.0.1-typo")
    argo.refresh()
    slow = argo.until(lambda each: states(each) == ("Synced", second, "Progressing"))
    assert slow["status"]["operationState"]["phase"] == "Succeeded"

    def reasons(_: Json) -> list[str]:
        nodes = argo.api.get("/api/v1/applications/books/resource-tree").json()["nodes"]
        degraded = [n for n in nodes if n["kind"] == "Pod" and n["health"]["status"] == "Degraded"]
        return [info["value"] for node in degraded for info in node["info"]]

    argo.until(lambda each: "ImagePullBackOff" in reasons(each))
    ended = argo.until(lambda each: states(each) == ("Synced", second, "Degraded"))
    assert ended["status"]["reconciledAt"] == slow["status"]["reconciledAt"]
    assert len(ended["status"]["summary"]["images"]) == 2
    assert httpx.get(argo.cluster.expose("books")).json()["version"] == "1.0.0"


def test_crash_shows_in_the_tree(argo: World) -> None:
    argo.images.push("9.9.9", layer({"app/server.py": CRASHING}))
    argo.push_values(tag="9.9.9")
    argo.add()

    def reason(_: Json) -> bool:
        nodes = argo.api.get("/api/v1/applications/books/resource-tree").json().get("nodes", [])
        return any(info["value"] == "CrashLoopBackOff" for node in nodes for info in node["info"])

    argo.until(reason)


def test_c_failed_sync_waits_with_the_slot_taken_and_is_not_tried_again(argo: World) -> None:
    quickly_live(argo)
    argo.cluster.refusals["books"] = "admission webhook denied the request"
    argo.argocd.delays.retry = 0.1
    second = argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    waiting = argo.until(
        lambda each: (
            each["status"].get("operationState", {}).get("retryCount") == 1
            and each["status"]["operationState"].get("finishedAt")
        )
    )
    assert waiting["status"]["operationState"]["phase"] == "Running"
    assert "Retrying attempt #1" in waiting["status"]["operationState"]["message"]
    assert argo.sync().json()["message"] == "another operation is already in progress"
    ended = argo.until(lambda each: "conditions" in each["status"])
    state = ended["status"]["operationState"]
    assert state["phase"] == "Failed"
    assert state["message"].endswith("denied the request (retried 2 times).")
    assert state["syncResult"]["resources"][0]["status"] == "SyncFailed"
    assert states(ended)[:2] == ("OutOfSync", second)
    assert ended["status"]["conditions"][0]["type"] == "SyncError"
    assert "operation" not in argo.refresh()
    argo.cluster.refusals.clear()
    third = argo.push_values(tag="1.2.0", replicas=0)
    argo.refresh()
    assert "conditions" not in argo.until_live(third)["status"]


def test_terminating_frees_the_slot(argo: World) -> None:
    quickly_live(argo)
    argo.cluster.refusals["books"] = "denied"
    argo.argocd.delays.retry = 60
    argo.push_values(tag="1.1.0", replicas=0)
    argo.refresh()
    argo.until(lambda each: each["status"].get("operationState", {}).get("retryCount"))
    path, headers = "/api/v1/applications/books/operation", {"Content-Type": "application/json"}
    assert argo.api.delete(path, headers=headers).json() == {}
    ended = argo.until(lambda each: "operation" not in each)
    state = ended["status"]["operationState"]
    assert (state["phase"], state["message"]) == ("Failed", "Operation terminated")
