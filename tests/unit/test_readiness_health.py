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
    X,
    deployment,
    failed,
    seen,
    settled,
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


def test_S24_the_books_api_with_a_scaler_that_is_degraded_for_a_while() -> None:
    """KEDA calls its ScaledObject Degraded during each rollout; all else is Healthy."""
    transient = seen(name="scaled-object")
    judge = Judge()
    assert isinstance(judge(transient, 0), Waiting)
    assert isinstance(judge(transient, 59), Waiting)
    assert isinstance(judge(seen(), 60), Waiting)
    assert isinstance(judge(seen(), 70), Ready)


def test_S24_a_scaler_that_stays_degraded_fails_by_its_name() -> None:
    verdict = settled(seen(name="scaled-object"), after=60)
    assert isinstance(verdict, Failed)
    assert "ScaledObject/books-api" in verdict.reason


def test_S24_degraded_beyond_the_grace_time_fails() -> None:
    judge = Judge()
    judge(seen(DEGRADED))
    assert isinstance(judge(seen(DEGRADED), 59), Waiting)
    assert isinstance(judge(seen(DEGRADED), 60), Failed)


def resources(**health: str) -> Object:
    """An application whose resources have these states."""
    found = [
        {"kind": kind, "name": "books-api", "status": "Synced", "health": {"status": state}}
        for kind, state in health.items()
    ]
    return DEGRADED | {"status.resources": found}


def test_S27_all_failed_or_current_and_one_failed_for_good_ends_early() -> None:
    final = seen(resources(Deployment="Degraded", Service="Healthy"))
    assert isinstance(settled(final, replace(WANTED, settle=timedelta()), after=9), Waiting)
    verdict = settled(final, after=10)
    assert isinstance(verdict, Failed)
    assert "Deployment/books-api" in verdict.reason


@pytest.mark.parametrize(
    "changes",
    [
        resources(Deployment="Degraded", StatefulSet="Progressing"),  # it may still change
        resources(Deployment="Healthy", ScaledObject="Degraded"),  # it may take that back
        DEGRADED,
    ],
)
def test_S27_what_can_still_change_has_its_grace_time(changes: Object) -> None:
    assert isinstance(settled(seen(changes), after=59), Waiting)
    assert isinstance(settled(seen(changes), after=60), Failed)


def test_S27_a_failed_resource_of_the_version_before_ends_nothing() -> None:
    before = resources(Deployment="Degraded") | BEFORE
    assert isinstance(settled(seen(before), after=600), Waiting)


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


def test_S61_a_repository_that_cannot_be_reached_is_told_in_the_engines_words() -> None:
    unread = ERROR | {"status.sync.status": "Unknown", "status.sync.revision": "main"}
    judge = Judge()
    stale = judge(seen(BEFORE), 0)  # swallowed errors leave the old state as it was
    assert isinstance(stale, Waiting)
    assert stale.ask == "refresh"
    for at in (2, 30):
        waiting = judge(seen(unread), at)
        assert isinstance(waiting, Waiting)
        assert "ComparisonError: repository not found" in waiting.reason
    verdict = judge(seen(unread), 62)
    assert isinstance(verdict, Failed)
    assert "repository not found" in verdict.reason
    assert "repository access" in verdict.hint


def test_S65_the_way_back_is_a_commit_and_no_rollback_of_the_engine() -> None:
    stuck = [deployment(updatedReplicas=1)]
    ends = [
        settled(seen(DEGRADED), after=60),
        settled(seen(PROGRESSING, stuck, tree="tree-image-pull"), after=60),
        Judge()(seen(failed())),
    ]
    for verdict in ends:
        assert isinstance(verdict, Failed)
        assert f"git revert {X[:7]}" in verdict.hint


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
