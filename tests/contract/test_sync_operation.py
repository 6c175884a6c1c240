"""The sync wait against the Argo CD stand-in: Operations: ours, foreign ones, refused, lost and failed ones."""

import time

import pytest

from sandbox.serving import Fault
from slipway.errors import NotProven
from tests.contract.argocd_world import World
from tests.contract.sync_wait import MANUAL, history, live, wait


def test_S11_S18_a_foreign_operation_is_waited_for_and_never_replaced(argo: World) -> None:
    first = live(argo, automatic=False)
    argo.cluster.refusals["books"] = "quota exceeded"
    retry = {"limit": 5, "backoff": {"duration": "1s", "factor": 1}}
    argo.sync(retryStrategy=retry).raise_for_status()
    revision = argo.push_image("1.1.0")

    def quota(sentence: str) -> None:
        if "retry" in sentence:
            argo.cluster.refusals.clear()

    wait(argo, revision, "1.1.0", application=MANUAL, on_report=quota)()
    assert history(argo) == [first, first, revision]


def test_S18_a_start_that_is_refused_is_tried_again(argo: World) -> None:
    live(argo, automatic=False)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(method="POST", status=503, times=2))
    waiting = wait(argo, revision, "1.1.0", application=MANUAL)
    waiting()
    assert [request.status for request in argo.server.traffic.writes()] == [503, 503, 200]


def test_S31_an_answer_lost_after_the_start_does_not_start_twice(argo: World) -> None:
    first = live(argo, automatic=False)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(method="POST", lose_answer=True))
    wait(argo, revision, "1.1.0", application=MANUAL)()
    assert history(argo) == [first, revision]


def test_S14_a_sync_that_fails_ends_the_wait_with_its_message(argo: World) -> None:
    live(argo)
    argo.argocd.delays.retry = 0.05
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(argo, argo.push_image("1.1.0"), "1.1.0")()


def test_S12_a_rerun_starts_a_failed_manual_sync_again(argo: World) -> None:
    first = live(argo, automatic=False)
    revision = argo.push_image("1.1.0")
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(argo, revision, "1.1.0", application=MANUAL)()
    argo.cluster.refusals.clear()
    wait(argo, revision, "1.1.0", application=MANUAL)()
    assert history(argo) == [first, revision]


def test_S14_S55_a_sync_of_a_commit_that_does_not_exist_is_told_with_the_reason(
    argo: World,
) -> None:
    live(argo, automatic=False)

    def person(sentence: str) -> None:
        if "still looks at" in sentence:
            # Argo CD tells whole seconds: within the second of its beginning the wait cannot know
            # this sync from one of before.
            time.sleep(1 - time.time() % 1)
            argo.sync(revision="f" * 40).raise_for_status()

    began = time.monotonic()
    with pytest.raises(NotProven, match="ended Error: ComparisonError"):
        wait(argo, "f" * 40, "1.1.0", application=MANUAL, on_report=person)()
    assert time.monotonic() - began < 10
