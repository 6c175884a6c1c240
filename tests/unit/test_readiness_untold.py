"""Acceptance cases of the readiness decision: health that is neither good nor bad."""

from dataclasses import replace

import pytest

from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.readiness_objects import (
    BEFORE,
    DEGRADED,
    OUT_OF_SYNC,
    RUNNING,
    WANTED,
    Judge,
    Object,
    deployment,
    seen,
    settled,
)

SUSPENDED = {"status.health.status": "Suspended"}
ACCEPT = replace(WANTED, accept_suspended=True)
API = {"group": "apps", "kind": "Deployment", "name": "books-api", "status": "Synced"}


@pytest.mark.parametrize(
    ("health", "said"),
    [("Missing", "missing"), ("Unknown", "not known"), ("", "not known")],
)
def test_S25_health_that_does_not_come_has_its_own_timeout(health: str, said: str) -> None:
    judge, changes = Judge(), {"status.health.status": health}
    for at in (0, 30, 59):
        assert isinstance(judge(seen(changes), at), Waiting)
    verdict = judge(seen(changes), 60)
    assert isinstance(verdict, Failed)
    assert f"{said}, and stays so" in verdict.reason


def test_S25_a_pause_is_waited_for() -> None:
    assert isinstance(settled(seen(SUSPENDED), after=600), Waiting)


@pytest.mark.parametrize("before", [BEFORE, OUT_OF_SYNC, RUNNING, DEGRADED])
def test_S25_the_timeout_begins_when_the_sync_is_over(before: Object) -> None:
    """Missing is what a first sync begins with."""
    judge, missing = Judge(), {"status.health.status": "Missing"}
    judge(seen(before | ({} if before == DEGRADED else missing)))
    assert isinstance(judge(seen(missing), 50), Waiting)
    assert isinstance(judge(seen(missing), 109), Waiting)
    assert isinstance(judge(seen(missing), 110), Failed)


def test_S25_the_timeout_begins_again_while_resources_come() -> None:
    judge = Judge()
    for at, state in ((0, "Missing"), (50, "Progressing"), (109, "Progressing")):
        job = API | {"kind": "Job", "health": {"status": "Missing"}}
        found = {"status.resources": [API | {"health": {"status": state}}, job]}
        verdict = judge(seen(found | {"status.health.status": "Missing"}), at)
        assert isinstance(verdict, Waiting)
    at_last = judge(seen(found | {"status.health.status": "Missing"}), 110)
    assert isinstance(at_last, Failed)
    assert "Job/books-api" in at_last.reason


def test_S25_a_paused_rollout_is_accepted_by_consent_and_said_to_be_paused() -> None:
    canary = deployment(replicas=3, updatedReplicas=1, availableReplicas=3)
    verdict = settled(seen(SUSPENDED, [canary]), ACCEPT)
    assert isinstance(verdict, Ready)
    assert "paused, as agreed" in verdict.summary
    waiting = settled(seen(SUSPENDED, [canary]), after=600)
    assert isinstance(waiting, Waiting)
    assert "paused" in waiting.reason


@pytest.mark.parametrize(
    "live",
    [
        deployment("ghcr.io/parraletz/books-api:1.9.0"),
        deployment(updatedReplicas=0),
        deployment(observedGeneration=5),
        deployment(availableReplicas=0),
        deployment(replicas=5, updatedReplicas=1, availableReplicas=4),  # the four are old ones
    ],
)
def test_S25_a_paused_rollout_that_has_not_begun_is_not_accepted(live: Object) -> None:
    assert isinstance(settled(seen(SUSPENDED, [live]), ACCEPT, after=30), Waiting)


def test_S25_S57_a_paused_rollout_whose_new_pods_cannot_start_is_not_accepted() -> None:
    live = deployment(replicas=3, updatedReplicas=1, availableReplicas=3)
    reading = seen(SUSPENDED, [live], tree="tree-image-pull")
    assert isinstance(settled(reading, ACCEPT, after=30), Waiting)
    assert isinstance(settled(reading, ACCEPT, after=60), Failed)
