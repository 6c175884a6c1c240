"""Sync windows in the Argo CD stand-in: what they refuse, what they hold, and who is exempt."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.argocd.windows import is_open
from tests.contract.argocd_world import WATCHER, World, states
from tests.contract.sync_wait import live

Json = dict[str, Any]
ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
DENY: Json = {"kind": "deny", **ALWAYS}
ALLOW: Json = {"kind": "allow", **ALWAYS}
NEVER = {"schedule": "0 0 29 2 *", "duration": "1m", "applications": ["*"]}
BLOCKED = "Sync operation blocked by sync window"
PATH = "/api/v1/applications/books/syncwindows"


@pytest.mark.parametrize(
    ("window", "at", "open_then"),
    [
        ({"schedule": "0 22 * * *", "duration": "2h"}, "2026-08-21T23:59", True),
        ({"schedule": "0 22 * * *", "duration": "2h"}, "2026-08-22T00:01", False),
        ({"schedule": "0 22 * * 5", "duration": "8h"}, "2026-08-22T05:00", True),  # since Friday
        ({"schedule": "0 22 * * 5", "duration": "8h"}, "2026-08-21T05:00", False),
        ({"schedule": "*/15 9-17 * * 1-5", "duration": "5m"}, "2026-08-21T10:33", True),
        ({"schedule": "*/15 9-17 * * 1-5", "duration": "5m"}, "2026-08-21T10:37", False),
        ({"schedule": "0 8 * * *", "duration": "1h"}, "2026-08-21T06:30", False),
        (
            {"schedule": "0 8 * * *", "duration": "1h", "timeZone": "Europe/Berlin"},
            "2026-08-21T06:30",
            True,
        ),
    ],
)
def test_when_a_window_is_open(window: Json, at: str, open_then: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert is_open({"kind": "deny", **window}, moment) is open_then


@pytest.mark.parametrize(
    ("windows", "by_hand"),
    [
        ([], True),
        ([DENY], False),
        ([{**DENY, "manualSync": True}], True),
        ([{**DENY, "manualSync": True}, DENY], False),
        ([DENY, ALLOW], False),
        ([ALLOW], True),
        ([{"kind": "allow", **NEVER}], False),
        ([{"kind": "allow", **NEVER, "manualSync": True}], True),
        ([{**DENY, "applications": ["other"]}], True),
        ([{**DENY, "applications": ["other"], "namespaces": ["books"]}], False),
        (
            [{**DENY, "applications": ["other"], "namespaces": ["books"], "andOperator": True}],
            True,
        ),
    ],
)
def test_who_may_sync_by_hand(argo: World, windows: list[Json], by_hand: bool) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    argo.argocd.set_windows(*windows)
    answer = argo.sync()
    assert argo.api.get(PATH).json()["canSync"] is by_hand
    assert answer.status_code == (200 if by_hand else 403)
    if not by_hand:
        said = answer.json()
        assert (said["code"], said["message"]) == (7, "cannot sync: blocked by sync window")


def test_the_window_is_asked_before_the_permission(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    argo.argocd.set_windows(DENY)
    with argo.client(WATCHER.token) as watcher:
        path = "/api/v1/applications/books/sync"
        denied = watcher.post(path, json={}).json()["message"]
        assert denied == "cannot sync: blocked by sync window"
        argo.argocd.set_windows()
        assert watcher.post(path, json={}).json()["message"].startswith("permission denied: ")
        assert watcher.get("/api/v1/projects/default/syncwindows").status_code == 403


def test_windows_of_an_application_and_of_a_project(argo: World) -> None:
    argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    later: Json = {"kind": "allow", **NEVER, "manualSync": True}
    argo.argocd.set_windows(DENY, later)
    known = argo.api.get(PATH).json()
    short = {"kind": "deny", "schedule": "* * * * *", "duration": "1h"}
    assert known["activeWindows"] == [short]
    assert [each["kind"] for each in known["assignedWindows"]] == ["deny", "allow"]
    assert argo.api.get("/api/v1/projects/default/syncwindows").status_code == 403
    project = argo.kube.get("/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/default")
    assert project.json()["spec"]["syncWindows"] == [DENY, later]


def test_i_automated_sync_waits_for_its_window_without_a_word(argo: World) -> None:
    live(argo)
    argo.argocd.set_windows(DENY)
    second = argo.push_values(tag="1.1.0", replicas=0)
    seen = argo.refresh()
    assert states(seen)[:2] == ("OutOfSync", second)
    assert "operation" not in seen
    assert "conditions" not in seen["status"]
    argo.argocd.set_windows({**DENY, "manualSync": True})  # exempts people only
    assert "operation" not in argo.refresh()
    argo.argocd.set_windows(ALLOW)
    argo.refresh()
    argo.until_live(second)


def test_i_a_window_that_closes_holds_the_operation_until_it_opens(argo: World) -> None:
    argo.cluster.others.job_seconds = 600
    revision = argo.push_values(tag="1.0.0", replicas=0, extra="hooks: [{name: migrate}]\n")
    argo.add(automatic=False)
    argo.until(lambda each: states(each)[0] == "OutOfSync")
    argo.sync().raise_for_status()
    waiting = "waiting for completion of hook batch/Job/books-migrate"
    argo.until(lambda each: message(each) == waiting)
    argo.argocd.set_windows(DENY)
    held = argo.until(lambda each: message(each) == BLOCKED)
    assert held["status"]["operationState"]["phase"] == "Running"
    assert argo.sync().status_code == 403
    argo.cluster.others.job_seconds = 0
    argo.argocd.set_windows()
    assert message(argo.until_live(revision)) == "successfully synced (all tasks run)"


def test_a_window_that_may_be_overrun_holds_only_what_has_not_begun(argo: World) -> None:
    argo.cluster.others.job_seconds = 600
    revision = argo.push_values(tag="1.0.0", replicas=0, extra="hooks: [{name: migrate}]\n")
    argo.add(automatic=False)
    argo.until(lambda each: states(each)[0] == "OutOfSync")
    recorder = argo.record(name="books")
    argo.sync().raise_for_status()
    argo.until(lambda each: message(each).startswith("waiting for completion of hook"))
    argo.argocd.set_windows({**DENY, "syncOverrun": True})
    assert argo.sync().status_code == 403
    argo.cluster.others.job_seconds = 0
    argo.until_live(revision)
    assert BLOCKED not in {message(each) for each in recorder.applications()}


def test_an_operation_that_is_set_past_the_api_server_is_held_too(argo: World) -> None:
    revision = argo.push_values(tag="1.0.0", replicas=0)
    argo.add(automatic=False)
    argo.until(lambda each: states(each)[0] == "OutOfSync")
    argo.argocd.set_windows(DENY)
    argo.patch({"operation": {"initiatedBy": {"username": "ana"}, "sync": {}}})
    argo.until(lambda each: message(each) == BLOCKED)
    path, headers = "/api/v1/applications/books/operation", {"Content-Type": "application/json"}
    assert argo.api.delete(path, headers=headers).status_code == 200
    assert message(argo.ended()) == "Operation terminated"
    assert states(argo.get())[:2] == ("OutOfSync", revision)


def message(application: Json) -> str:
    return str(application["status"].get("operationState", {}).get("message", ""))
