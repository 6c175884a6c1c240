"""A HelmRelease, from its recorded objects to a verdict."""

from typing import Any

import pytest

from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.flux_objects import (
    AT_A,
    BUILT_A,
    CHART_A,
    CHART_X,
    OLD_IMAGE,
    RELEASED_A,
    SOURCE_A,
    condition,
    conditions,
    released,
)
from tests.unit.readiness_objects import A, Judge, X, deployment

RECONCILING = condition(
    "Reconciling", "True", message="Running 'upgrade' action with timeout of 5m0s"
)
UPGRADING = conditions(RECONCILING, condition("Ready", "Unknown"), condition("Released", "True"))
STALLED = condition("Stalled", "True", "RetriesExceeded", "Failed to upgrade after 1 attempt(s)")
WHY = "Helm upgrade failed for release books-api/books-api: context deadline exceeded"
NOT_RELEASED = condition("Released", "False", "UpgradeFailed", WHY)
REMEDIATED = condition("Remediated", "True", "RollbackSucceeded", "Helm rollback succeeded")
NOT_READY = condition("Ready", "False", "RollbackSucceeded", "Helm rollback succeeded")


def settled(reading: Any, seconds: float = 30) -> Any:
    judge = Judge()
    judge(reading)
    return judge(reading, seconds)


def test_a_release_that_runs_the_commit_is_live() -> None:
    verdict = settled(released())
    assert isinstance(verdict, Ready), verdict
    assert verdict.observed == X


def test_S74_ready_of_the_old_chart_while_the_source_has_moved_is_not_done() -> None:
    # Source and chart are at X; the release is Ready, of A, and its image even looks right.
    verdict = settled(released(RELEASED_A))
    assert isinstance(verdict, Waiting)
    assert verdict.ask == "refresh"
    assert "has not taken 3b8e5c1 yet" in verdict.reason


@pytest.mark.parametrize(
    ("last", "chart", "source"),
    [
        (RELEASED_A, BUILT_A, SOURCE_A),  # nobody has looked yet
        (RELEASED_A, BUILT_A, {}),  # the source has
        (RELEASED_A, {"status.artifact.revision": CHART_A}, {}),  # the chart is being built
        (RELEASED_A, {}, {}),  # the release has not
        (RELEASED_A | {"status.lastAttemptedRevision": CHART_X}, {}, {}),  # attempted only
        ({"status.history.0.status": "pending-upgrade"}, {}, {}),
        ({"status.history.0.configDigest": "sha256:" + "0" * 64}, {}, {}),  # with other values
        ({"status.history": []}, {}, {}),
    ],
)
def test_S74_each_link_of_the_chain_has_to_have_taken_the_commit(
    last: Any, chart: Any, source: Any
) -> None:
    assert isinstance(settled(released(last, chart, source)), Waiting)


def test_S74_a_chart_without_the_commit_in_its_version_proves_nothing() -> None:
    plain = {"status.artifact.revision": "0.1.0", "status.observedSourceArtifactRevision": AT_A}
    last = {"status.lastAttemptedRevision": "0.1.0", "status.history.0.chartVersion": "0.1.0"}
    assert isinstance(settled(released(last, plain)), Waiting)


def test_S74_a_short_commit_is_never_taken_for_a_full_one() -> None:
    moved = {"status.artifact.revision": f"0.1.0+{'5c' * 6}.1"}
    assert released({}, moved).revision == X[:12]


def test_S74_ready_without_released_is_not_a_release() -> None:
    verdict = settled(released(conditions(condition("Ready", "True"))))
    assert isinstance(verdict, Waiting)


def test_S79_an_upgrade_that_runs_is_in_progress() -> None:
    reading = released(UPGRADING)
    assert reading.operation is not None
    assert reading.operation.phase == "Running"
    verdict = settled(reading, 500)
    assert isinstance(verdict, Waiting)
    assert "Running 'upgrade' action" in verdict.reason


def test_S79_a_generation_that_nobody_observed_is_in_progress() -> None:
    verdict = settled(released({"metadata.generation": 4}), 500)
    assert isinstance(verdict, Waiting)


def test_S79_ready_of_a_generation_that_is_not_observed_yet_is_in_progress() -> None:
    ready = condition("Ready", "True", "UpgradeSucceeded")
    done = conditions(ready, condition("Released", "True")) | {"status.observedGeneration": 2}
    verdict = settled(released(done), 500)
    assert isinstance(verdict, Waiting)
    assert verdict.state == "running"


def test_S79_a_failure_that_is_tried_again_is_in_progress() -> None:
    retrying = condition("Reconciling", "True", "ProgressingWithRetry", WHY)
    failed = conditions(retrying, condition("Ready", "False", "UpgradeFailed", WHY), NOT_RELEASED)
    reading = released(failed | {"status.failures": 1, "status.history.0.status": "failed"})
    verdict = settled(reading)
    assert isinstance(verdict, Waiting)
    assert "retry 1" in verdict.reason
    assert "context deadline exceeded" in verdict.reason


def test_S79_stalled_fails_at_once_with_its_reason() -> None:
    stalled = conditions(STALLED, condition("Ready", "False", "UpgradeFailed", WHY), NOT_RELEASED)
    verdict = Judge()(released(stalled | {"status.history.0.status": "failed"}))
    assert isinstance(verdict, Failed)
    assert "RetriesExceeded" in verdict.reason
    assert "context deadline exceeded" in verdict.reason


def test_S79_stalled_on_the_commit_before_does_not_fail_this_one() -> None:
    stalled = conditions(STALLED, condition("Ready", "False", "UpgradeFailed", WHY), NOT_RELEASED)
    reading = released(RELEASED_A | stalled, BUILT_A, SOURCE_A, OLD_IMAGE)
    assert isinstance(Judge()(reading), Waiting)


@pytest.mark.parametrize("at_rest", [(STALLED, NOT_READY), (NOT_READY,)])
def test_S76_a_deployed_rollback_is_failure_of_the_commit(at_rest: Any) -> None:
    # The rollback is deployed, Ready and the image of the version before are as ever.
    rolled_back = conditions(*at_rest, REMEDIATED, NOT_RELEASED) | {
        "status.history.0.chartVersion": CHART_A,
        "status.history.0.version": 9,
    }
    verdict = Judge()(released(rolled_back, live=OLD_IMAGE))
    assert isinstance(verdict, Failed)
    assert f"rolled back to chart {CHART_A}" in verdict.reason
    assert "context deadline exceeded" in verdict.reason


def test_S76_a_rollback_that_looks_ready_is_not_done() -> None:
    # Whatever the conditions say: the newest release is of another chart than was attempted.
    rolled_back = {"status.history.0.chartVersion": CHART_A}
    assert isinstance(settled(released(rolled_back), 500), Waiting)


def test_S80_a_commit_that_waits_behind_an_upgrade_is_told_so() -> None:
    reading = released(RELEASED_A | UPGRADING, live=OLD_IMAGE)
    verdict = settled(reading, 200)
    assert isinstance(verdict, Waiting)
    assert f"3b8e5c1 is waiting behind {A[:7]} in HelmRelease/books-api" in verdict.reason


def test_a_release_that_does_not_wait_is_proven_by_its_pods() -> None:
    unwaited = {"spec.upgrade.disableWait": True}
    assert isinstance(settled(released(unwaited)), Ready)
    behind = [deployment(availableReplicas=1)]
    assert isinstance(settled(released(unwaited, live=behind)), Waiting)
    assert isinstance(settled(released(unwaited, live=[]), 90), Failed)


def test_S73_the_token_echoed_by_a_failed_release_is_not_success() -> None:
    token = {
        "metadata.annotations": {"reconcile.fluxcd.io/requestedAt": "t-1"},
        "status.lastHandledReconcileAt": "t-1",
    }
    failed = conditions(condition("Ready", "False", "ValuesError", "no ConfigMap 'books'"))
    judge = Judge()
    assert isinstance(judge(released(token | failed)), Waiting)
    verdict = judge(released(token | failed), 61)
    assert isinstance(verdict, Failed)
    assert "ValuesError: no ConfigMap 'books'" in verdict.reason
