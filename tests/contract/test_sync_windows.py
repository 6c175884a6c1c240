"""Sync windows: nothing may be changed for a while, which is no failure, and then it goes on."""

import threading
from typing import Any

import pytest

from sandbox.argocd import Account
from sandbox.argocd.accounts import api_key
from sandbox.serving import Fault
from slipway.errors import NotProven
from tests.contract.argocd_world import World
from tests.contract.sync_wait import FAST, MANUAL, history, live, wait

ALWAYS = {"schedule": "* * * * *", "duration": "1h", "applications": ["*"]}
DENY: dict[str, Any] = {"kind": "deny", **ALWAYS}
NEVER = {"kind": "allow", "schedule": "0 0 29 2 *", "duration": "1m", "applications": ["*"]}
LEAD = Account("lead", token=api_key("lead"), policies=("applications, *, */*", "projects, get, *"))


def opening(argo: World, seconds: float) -> threading.Timer:
    """Windows are taken away after some real seconds."""
    timer = threading.Timer(seconds, argo.argocd.set_windows)
    timer.start()
    return timer


@pytest.mark.parametrize("automatic", [True, False])
@pytest.mark.parametrize("window", [DENY, NEVER])
def test_S20_a_closed_window_is_waited_for_and_does_not_use_up_the_time(
    argo: World, window: dict[str, Any], automatic: bool
) -> None:
    first = live(argo, automatic=automatic)
    argo.argocd.set_windows(window)
    revision = argo.push_image("1.1.0")
    application = {} if automatic else MANUAL
    waiting = wait(argo, revision, "1.1.0", application=application, timeout=60)
    timer = opening(argo, 90 / FAST)
    assert waiting().observed == revision
    timer.join()
    [said] = [sentence for sentence in waiting.said if sentence.startswith("blocked: ")]
    assert window["schedule"] in said
    assert history(argo) == [first, revision]
    refused = [r.status for r in argo.server.traffic.writes() if r.status != 200]
    assert refused == []  # what is known to be forbidden is not tried


def test_S20_the_end_of_the_window_is_told_by_those_who_may_read_the_project(argo: World) -> None:
    live(argo)
    argo.argocd.accounts.accounts.append(LEAD)
    nightly = {"schedule": "0 0 * * *", "duration": "23h59m", "timeZone": "Asia/Kolkata"}
    argo.argocd.set_windows({**DENY, **nightly})
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", token=LEAD.token)
    timer = opening(argo, 1)
    assert waiting().observed == revision
    timer.join()
    [said] = [sentence for sentence in waiting.said if sentence.startswith("blocked: ")]
    assert "until 20" in said
    assert said.endswith("UTC")


def test_S20_a_window_that_exempts_people_blocks_the_automated_sync_alone(argo: World) -> None:
    live(argo, automatic=False)
    argo.argocd.set_windows({**DENY, "manualSync": True})
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", application=MANUAL)
    assert waiting().observed == revision
    assert not any("blocked" in sentence for sentence in waiting.said)


def test_S20_a_start_that_the_window_refuses_is_blocked_and_not_failed(argo: World) -> None:
    first = live(argo, automatic=False)
    argo.argocd.set_windows(DENY)
    argo.server.traffic.faults.append(Fault(path="syncwindows", status=404, times=-1))
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0", application=MANUAL, timeout=60)
    timer = opening(argo, 90 / FAST)
    assert waiting().observed == revision
    timer.join()
    [said] = [sentence for sentence in waiting.said if sentence.startswith("blocked: ")]
    assert "blocked by sync window" in said
    assert history(argo) == [first, revision]


def test_S20_what_is_live_already_is_proven_in_a_closed_window(argo: World) -> None:
    revision = live(argo)
    argo.argocd.set_windows(DENY)
    assert wait(argo, revision, "1.0.0")().observed == revision


def test_S67_a_window_that_closes_during_the_sync_blocks_it_until_it_opens(argo: World) -> None:
    live(argo, automatic=False)
    argo.cluster.others.job_seconds = 600
    argo.images.push_server("1.1.0")
    image = f"image: {{repository: {argo.images.repository}, tag: 1.1.0}}"
    values = f"{image}\nhooks: [{{name: migrate}}]\n"
    revision = argo.git.push({"books/values-staging.yaml": values})

    def close(sentence: str) -> None:
        if "is running" in sentence:
            argo.argocd.set_windows(DENY)
        if sentence.startswith("blocked: "):
            argo.cluster.others.job_seconds = 0
            opening(argo, 1).join()

    waiting = wait(argo, revision, "1.1.0", application=MANUAL, on_report=close)
    assert waiting().observed == revision
    assert any(sentence.startswith("blocked: ") for sentence in waiting.said)


def test_S20_a_failure_in_a_closed_window_is_still_a_failure(argo: World) -> None:
    live(argo)
    revision = argo.push_values("9.9.9-missing")
    argo.refresh()
    argo.until(lambda each: each["status"]["health"].get("status") == "Progressing")
    argo.argocd.set_windows(DENY)
    with pytest.raises(NotProven, match=r"ErrImagePull|ImagePullBackOff"):
        wait(argo, revision, "9.9.9-missing", grace=5)()
