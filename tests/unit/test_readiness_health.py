"""Acceptance cases of the readiness decision: health, errors, rollout."""

from dataclasses import replace
from datetime import timedelta

import pytest

from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.readiness_objects import (
    BEFORE,
    DEGRADED,
    PROGRESSING,
    RUNNING,
    WANTED,
    Judge,
    Object,
    deployment,
    seen,
)


def test_S23_progressing_or_a_new_transition_begins_the_settle_time_again() -> None:
    judge = Judge()
    judge(seen())
    assert isinstance(judge(seen(), 9.9), Waiting)
    judge(seen(PROGRESSING), 10)
    assert isinstance(judge(seen(), 11), Waiting)
    again = {"status.health.lastTransitionTime": "2026-08-22T10:02:00Z"}
    assert isinstance(judge(seen(again), 20.9), Waiting)
    assert isinstance(judge(seen(again), 30.8), Waiting)
    assert isinstance(judge(seen(again), 30.9), Ready)


def test_S24_degraded_that_belongs_to_the_version_before_is_ignored() -> None:
    judge = Judge()
    for at in range(0, 600, 60):
        assert isinstance(judge(seen(DEGRADED | BEFORE), at), Waiting)
        assert isinstance(judge(seen(DEGRADED | RUNNING), at + 30), Waiting)
    assert isinstance(judge(seen(DEGRADED), 600), Waiting)


def test_S24_a_scaler_that_is_degraded_during_the_rollout_does_not_fail_it() -> None:
    scaler = {"group": "keda.sh", "kind": "ScaledObject", "name": "books-api", "status": "Synced"}
    transient = DEGRADED | {"status.resources": [scaler | {"health": {"status": "Degraded"}}]}
    judge = Judge()
    assert isinstance(judge(seen(transient), 0), Waiting)
    assert isinstance(judge(seen(transient), 50), Waiting)
    assert isinstance(judge(seen(), 59), Waiting)
    assert isinstance(judge(seen(), 69), Ready)


def test_S24_degraded_beyond_the_grace_time_fails() -> None:
    judge = Judge()
    judge(seen(DEGRADED))
    assert isinstance(judge(seen(DEGRADED), 59), Waiting)
    assert isinstance(judge(seen(DEGRADED), 60), Failed)


@pytest.mark.parametrize("health", ["Suspended", "Missing", "Unknown", ""])
def test_S25_other_health_waits(health: str) -> None:
    judge, changes = Judge(), {"status.health.status": health}
    for at in (0, 30, 600):
        assert isinstance(judge(seen(changes), at), Waiting)


ERROR = {"status.conditions": [{"type": "ComparisonError", "message": "repository not found"}]}


def test_S26_a_comparison_error_fails_only_when_it_lasts_through_a_hard_refresh() -> None:
    judge, asks = Judge(), []
    for at in (0, 5, 10, 55):
        verdict = judge(seen(ERROR), at)
        assert isinstance(verdict, Waiting)
        asks.append(verdict.ask)
    assert asks == ["hard", "refresh", "refresh", "refresh"]
    verdict = judge(seen(ERROR), 60)
    assert isinstance(verdict, Failed)
    assert "repository not found" in verdict.reason


def test_S26_errors_that_heal_do_not_add_up() -> None:
    judge = Judge()
    for at in range(0, 120, 20):
        assert isinstance(judge(seen(ERROR), at), Waiting)
        assert isinstance(judge(seen(PROGRESSING), at + 10), Waiting)


def test_S26_two_readings_are_too_few_whatever_the_time_between_them() -> None:
    judge = Judge()
    judge(seen(ERROR))
    assert isinstance(judge(seen(ERROR), 300), Waiting)


def test_a_warning_is_no_error() -> None:
    warning = {"status.conditions": [{"type": "OrphanedResourceWarning", "message": "2 orphans"}]}
    judge = Judge()
    judge(seen(warning))
    assert isinstance(judge(seen(warning), 10), Ready)


def test_S57_a_pod_of_the_newest_replica_set_that_cannot_start_fails_early() -> None:
    judge = Judge(replace(WANTED, version="2.0.1-typo", grace=timedelta(seconds=45)))
    live = [deployment("ghcr.io/parraletz/books-api:2.0.1-typo", updatedReplicas=1)]
    reading = seen(PROGRESSING, live, tree="tree-image-pull")
    assert isinstance(judge(reading), Waiting)
    assert isinstance(judge(reading, 44), Waiting)
    verdict = judge(reading, 45)
    assert isinstance(verdict, Failed)
    assert "ImagePullBackOff" in verdict.reason


def test_S57_pods_of_older_replica_sets_are_ignored() -> None:
    live = [deployment("ghcr.io/parraletz/books-api:2.0.1-typo")]
    assert seen(PROGRESSING, live, tree="tree-image-pull").workloads[0].trouble
    assert not seen(PROGRESSING, live, tree="tree-old-pod-broken").workloads[0].trouble


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 5},
        {"availableReplicas": 1},
        {"updatedReplicas": 1},
        {"replicas": 3},
        {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    ],
)
def test_S58_a_rollout_that_is_not_complete_is_not_done(status: Object) -> None:
    judge, reading = Judge(), seen(live=[deployment(**status)])
    judge(reading)
    assert isinstance(judge(reading, 30), Waiting)


def test_S58_healthy_with_no_replica_is_not_done() -> None:
    none = deployment(replicas=0, updatedReplicas=0, availableReplicas=0)
    none["spec"]["replicas"] = 0
    judge, reading = Judge(), seen(live=[none])
    judge(reading)
    assert isinstance(judge(reading, 30), Waiting)
