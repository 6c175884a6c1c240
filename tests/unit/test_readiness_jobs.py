"""Acceptance cases of the readiness decision: Jobs that end, and that are removed after it."""

from dataclasses import replace

import pytest

from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.readiness_objects import (
    JOB,
    OUT_OF_SYNC,
    RESULTS,
    STATE,
    WANTED,
    A,
    Judge,
    Object,
    deployment,
    failed,
    seen,
    settled,
)

GONE = {"group": "batch", "kind": "Job", "name": "books-migrate", "status": "OutOfSync"}
GONE |= {"health": {"status": "Missing"}}
API = {"group": "apps", "kind": "Deployment", "name": "books-api", "status": "Synced"}
API |= {"health": {"status": "Healthy"}}
VANISHED = OUT_OF_SYNC | {"status.resources": [API, GONE], RESULTS: [JOB]}


@pytest.mark.parametrize("health", ["Missing", "Healthy"])  # before Argo CD 3.4, and since
def test_S29_a_job_that_was_removed_after_its_end_is_not_missing(health: str) -> None:
    assert isinstance(settled(seen(VANISHED | {"status.health.status": health})), Ready)


def test_S29_a_hook_that_was_removed_is_no_resource() -> None:
    hook = GONE | {"hook": True, "name": "books-check"}
    reading = seen({"status.resources": [API, hook]})
    assert not reading.out_of_sync
    assert isinstance(settled(reading), Ready)


@pytest.mark.parametrize(
    "changes",
    [
        {RESULTS: []},  # nobody saw it run
        {RESULTS: [JOB | {"hookPhase": "Failed"}]},
        {"status.resources": [API | {"status": "OutOfSync"}, GONE]},
        {"status.resources": [API | {"health": {"status": "Missing"}}, GONE]},
        {"status.resources": [API, GONE | {"kind": "Deployment"}]},
        {f"{STATE}.syncResult.revision": A},
        failed(A),
    ],
)
def test_S29_anything_else_that_is_missing_is_missing(changes: Object) -> None:
    reading = seen(VANISHED | {"status.health.status": "Missing"} | changes)
    assert isinstance(settled(reading, after=30), Waiting)


CREATED = {RESULTS: [JOB | {"hookPhase": "Running"}]}  # a sync does not wait for its last wave
IN_JOBS = replace(WANTED, jobs=True)
OTHER = [deployment("ghcr.io/parraletz/gateway:1.0.0")]


def there(health: str) -> Observation:
    """The Job of the sync is still there."""
    job = GONE | {"status": "Synced", "health": {"status": health}}
    changes: Object = {"status.resources": [API, job], "status.health.status": health}
    return seen(CREATED | changes, OTHER)


def removed(health: str) -> Observation:
    return seen(VANISHED | CREATED | {"status.health.status": health}, OTHER)


@pytest.mark.parametrize("health", ["Missing", "Healthy"])
def test_S08_S29_a_job_that_was_seen_complete_and_is_gone_since_is_done(health: str) -> None:
    judge = Judge(IN_JOBS)
    judge(there("Progressing"))
    judge(there("Healthy"), 5)
    judge(removed(health), 6)
    verdict = judge(removed(health), 16)
    assert isinstance(verdict, Ready)


@pytest.mark.parametrize("health", ["Missing", "Healthy"])
def test_S08_S29_a_job_that_was_only_created_is_neither_done_nor_evidence(health: str) -> None:
    judge = Judge(IN_JOBS)
    judge(there("Progressing"))
    judge(removed(health), 5)
    assert isinstance(judge(removed(health), 30), Waiting)
    assert not isinstance(settled(removed(health), IN_JOBS, after=600), Ready)


@pytest.mark.parametrize("health", ["Missing", "Healthy"])
def test_S14_S29_a_job_that_failed_and_is_gone_since_has_failed(health: str) -> None:
    judge = Judge(IN_JOBS)
    judge(there("Degraded"))
    verdict = judge(removed(health), 5)
    assert isinstance(verdict, Failed)
    assert "Job/books-migrate failed, and was removed since" in verdict.reason


def test_S12_S29_the_end_of_a_job_of_the_sync_before_says_nothing_of_this_one() -> None:
    for health in ("Healthy", "Degraded"):
        judge = Judge(IN_JOBS)
        judge(there(health))
        later = {f"{STATE}.startedAt": "2026-08-22T10:01:08Z"}
        reading = seen(VANISHED | CREATED | later | {"status.health.status": "Missing"}, OTHER)
        judge(reading, 5)
        assert isinstance(judge(reading, 30), Waiting)


def test_S22_an_end_that_was_compared_before_the_sync_is_not_that_of_its_job() -> None:
    judge = Judge(IN_JOBS)
    before = {"status.reconciledAt": "2026-08-22T10:01:08Z"}
    job = GONE | {"status": "Synced", "health": {"status": "Healthy"}}
    judge(seen(CREATED | before | {"status.resources": [API, job]}, OTHER))
    judge(removed("Missing"), 5)
    assert isinstance(judge(removed("Missing"), 30), Waiting)
