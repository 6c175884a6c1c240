"""The sync wait against the Argo CD stand-in: An API server that is late, down, odd or locked: nothing is claimed that is not known."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.serving import Fault
from slipway.errors import NotFound, NotProven, Retryable, Unauthorized
from tests.contract.argocd_world import WATCHER, World
from tests.contract.sync_wait import live, wait


def test_S31_an_api_that_is_down_for_a_moment_does_not_matter(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    faults = [Fault(status=503, times=3), Fault(drop=True, times=2), Fault(status=429, times=1)]
    argo.server.traffic.faults.extend(faults)
    assert wait(argo, revision, "1.1.0")().observed == revision


def test_S31_an_api_that_stays_down_is_unknown_and_never_a_failure(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(status=503, times=-1))
    with pytest.raises(Retryable) as unknown:
        wait(argo, revision, "1.1.0", timeout=10)()
    assert "unknown" in unknown.value.message
    assert "503" in unknown.value.message


def test_S30_S41_a_controller_that_is_down_ends_at_the_deadline_with_state_and_error(
    argo: World,
) -> None:
    live(argo)
    argo.argocd.freeze()
    waiting = wait(argo, argo.push_image("1.1.0"), "1.1.0", timeout=3, speed=1)
    with pytest.raises(NotProven) as late:
        waiting()
    assert "not live after 3 s" in late.value.message
    assert "still looks at" in late.value.message  # the last state
    assert "is the controller running?" in late.value.message  # the last error
    assert any("is the controller running?" in sentence for sentence in waiting.said)


def test_S30_slow_answers_do_not_outlive_the_deadline(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(delay=20, times=-1))
    with pytest.raises(Retryable, match="unknown"):
        wait(argo, revision, "1.1.0", timeout=1, speed=1)()


def test_S36_a_diagnosis_that_cannot_be_read_never_hides_the_verdict(argo: World) -> None:
    live(argo)
    argo.argocd.delays.retry = 0.05
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    argo.server.traffic.faults.append(Fault(path="resource-tree", status=500, times=-1))
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        wait(argo, argo.push_image("1.1.0"), "1.1.0")()


def test_S36_a_tree_that_cannot_be_read_does_not_stop_the_wait(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    argo.server.traffic.faults.append(Fault(path="resource-tree", status=500, times=-1))
    waiting = wait(argo, revision, "1.1.0")
    assert waiting().observed == revision
    assert not any("unknown" in sentence for sentence in waiting.said)


def test_S66_a_token_that_is_revoked_meanwhile_ends_the_wait_once(argo: World) -> None:
    live(argo, automatic=False)
    revision = argo.push_image("1.1.0")

    def revoke(sentence: str) -> None:
        argo.argocd.accounts.revoke(WATCHER.token)

    with pytest.raises(Unauthorized, match="invalid session"):
        wait(argo, revision, "1.1.0", token=WATCHER.token, on_report=revoke)()
    # The stream may be told of it as well, and the question why: nobody asks the same again.
    refused = [request.path for request in argo.server.traffic.requests if request.status == 401]
    assert sorted(set(refused)) == sorted(refused) != []


def test_S09_a_missing_application_ends_the_wait_at_the_first_look(argo: World) -> None:
    live(argo)
    with pytest.raises(NotFound, match="no application 'gone'"):
        wait(argo, "f" * 40, "1.0.0", application={"name": "gone"})()


def test_S40_a_refresh_that_rides_on_an_older_compare_is_followed_by_another(
    argo: World,
) -> None:
    live(argo)
    argo.argocd.delays.compare = 0.7
    reconciler = argo.argocd._reconcilers["books"]
    begun = reconciler.begun
    with ThreadPoolExecutor() as pool:
        earlier = pool.submit(argo.refresh)
        while reconciler.begun == begun:
            time.sleep(0.01)
        revision = argo.push_image("1.1.0")  # too late for the compare that has begun
        assert wait(argo, revision, "1.1.0")().observed == revision
        earlier.result()
    refreshes = [r for r in argo.server.traffic.requests if "refresh=normal" in r.query]
    assert len(refreshes) >= 3  # the earlier one, ours that rode on it, and another
