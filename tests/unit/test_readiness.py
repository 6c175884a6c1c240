"""Acceptance cases of the readiness decision: which state it is about."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from slipway.readiness.judge import holds_now
from slipway.readiness.observation import Block
from slipway.readiness.verdict import Blocked, Failed, Ready, Superseded, Waiting
from tests.unit.readiness_objects import (
    APPLIED,
    BEFORE,
    DIGEST,
    KNOWN,
    NO_OP,
    OUT_OF_SYNC,
    PROGRESSING,
    RUNNING,
    START,
    STATE,
    WANTED,
    WANTS_X,
    A,
    Judge,
    Object,
    X,
    Y,
    Z,
    app,
    deployment,
    failed,
    never,
    seen,
    settled,
)


def test_synced_healthy_and_running_for_the_settle_time_is_ready() -> None:
    judge = Judge()
    assert isinstance(judge(seen()), Waiting)
    verdict = judge(seen(), 10)
    assert isinstance(verdict, Ready)
    assert verdict.observed == X
    assert verdict.healthy_since == seen().health_since


def test_S23_one_reading_is_never_enough() -> None:
    judge = Judge(replace(WANTED, settle=timedelta()))
    assert isinstance(judge(seen()), Waiting)
    assert isinstance(judge(seen(PROGRESSING)), Waiting)
    assert isinstance(judge(seen()), Waiting)
    assert isinstance(judge(seen()), Ready)


def test_one_reading_says_whether_all_holds_at_that_moment() -> None:
    now = START + timedelta(minutes=5)
    verdict = holds_now(seen(), WANTED, KNOWN, now)
    assert isinstance(verdict, Ready)
    assert verdict.healthy_since == seen().health_since
    waiting = holds_now(seen(PROGRESSING), WANTED, KNOWN, now)
    assert isinstance(waiting, Waiting)
    assert waiting.reason == "rolling out"
    assert isinstance(holds_now(seen(failed()), WANTED, KNOWN, now), Failed)
    later = seen({"status.sync.revision": Z})
    assert isinstance(holds_now(later, WANTED, KNOWN, now), Superseded)
    closed = replace(seen(OUT_OF_SYNC | NO_OP), block=Block("a window is closed"))
    assert holds_now(closed, WANTED, KNOWN, now) == Blocked("a window is closed", None)


def test_health_older_than_the_sync_is_not_the_health_of_this_commit() -> None:
    judge, old = Judge(), seen({"status.health.lastTransitionTime": "2026-08-01T00:00:00Z"})
    judge(old)
    verdict = judge(old, 10)
    assert isinstance(verdict, Ready)
    assert old.operation is not None
    assert verdict.healthy_since == old.operation.finished_at


def test_the_whole_automated_sync_is_ready_only_at_its_end() -> None:
    judge = Judge()
    steps: list[Object] = [BEFORE, WANTS_X, RUNNING, APPLIED, PROGRESSING]
    for at, changes in enumerate(steps):
        assert isinstance(judge(seen(changes), 20 * at), Waiting), changes
    assert isinstance(judge(seen(), 100), Waiting)
    assert isinstance(judge(seen(), 110), Ready)


def test_S01_old_healthy_state_is_not_success() -> None:
    verdict = never(BEFORE)
    assert verdict.ask == "refresh"
    assert A[:12] in verdict.reason


@pytest.mark.parametrize("revision", [A, "main", "", "f" * 40, X[:12]])
def test_S02_a_revision_without_x_is_not_success(revision: str) -> None:
    assert never(NO_OP | {"status.sync.revision": revision}).ask == "refresh"


def test_S02_a_later_commit_that_keeps_our_values_is_success() -> None:
    judge = Judge()
    later = seen(NO_OP | {"status.sync.revision": Y})
    judge(later)
    verdict = judge(later, 10)
    assert isinstance(verdict, Ready)
    assert verdict.observed == Y


@pytest.mark.parametrize("changes", [{}, OUT_OF_SYNC, WANTS_X, failed(X)])
def test_S02_a_later_commit_that_changed_our_values_supersedes(changes: Object) -> None:
    assert isinstance(Judge()(seen(changes | {"status.sync.revision": Z})), Superseded)


def test_S03_the_revision_is_taken_from_the_source_we_push_to() -> None:
    live = deployment("ghcr.io/parraletz/books-api:9.0.0")
    reading = seen(live=[live], name="values-by-reference")
    assert (reading.index, reading.revision) == (1, X)
    judge = Judge(replace(WANTED, version="9.0.0"))
    judge(reading)
    assert isinstance(judge(reading, 10), Ready)


def test_S04_a_changed_number_of_sources_ends_the_wait() -> None:
    judge = Judge()
    judge(seen())
    verdict = judge(seen(name="several-sources"), 1)
    assert isinstance(verdict, Failed)
    assert "1 sources and now has 2" in verdict.reason


def test_S06_a_commit_that_changes_no_manifest_needs_no_operation() -> None:
    assert isinstance(settled(seen(NO_OP)), Ready)
    older = {f"{STATE}.syncResult.revision": A, f"{STATE}.operation.sync.revision": A}
    verdict = settled(seen(older))
    assert isinstance(verdict, Ready)
    assert "in the desired state already" in verdict.summary
    synced = settled(seen())
    assert isinstance(synced, Ready)
    assert "already" not in synced.summary


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/parraletz/books-api:1.9.0",
        "ghcr.io/parraletz/books-api",
        "ghcr.io/parraletz/other:2.0.0",
        "ghcr.io/parraletz/books-api:2.0.0@sha256:" + "e2" * 32,
    ],
)
def test_S08_an_image_in_the_summary_proves_nothing(image: str) -> None:
    judge, reading = Judge(), seen(live=[deployment(image)])
    judge(reading)
    verdict = judge(reading, 30)
    assert isinstance(verdict, Waiting)
    assert image in verdict.reason


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/parraletz/books-api:2.0.0",
        f"ghcr.io/parraletz/books-api@{DIGEST}",
        f"mirror.example:5000/books-api:2.0.0@{DIGEST}",
    ],
)
def test_S08_the_live_workload_shows_the_digest_or_the_tag(image: str) -> None:
    judge, reading = Judge(), seen(live=[deployment(image)])
    judge(reading)
    assert isinstance(judge(reading, 10), Ready)


def test_S08_an_image_absent_from_what_was_applied_fails_early() -> None:
    judge, reading = Judge(), seen(live=[deployment("ghcr.io/parraletz/books-api:1.9.0")])
    judge(reading)
    verdict = judge(reading, 60)
    assert isinstance(verdict, Failed)
    assert "does not read" in verdict.hint


def test_S07_a_child_application_waits_for_its_parent() -> None:
    tracked = {"metadata.annotations": {"argocd.argoproj.io/tracking-id": "root:..."}}
    judge = Judge()
    reading = seen(tracked, live=[deployment("ghcr.io/parraletz/books-api:1.9.0")])
    judge(reading)
    assert isinstance(judge(reading, 600), Waiting)


def test_S42_reconciliation_switched_off_is_found_at_once() -> None:
    off = {"metadata.annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}
    verdict = Judge()(seen(off | BEFORE))
    assert isinstance(verdict, Failed)
    assert "switched off" in verdict.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"spec.source.targetRevision": "release"},
        {"spec.source.helm.valueFiles": ["values-production.yaml"]},
        {"spec.destination.namespace": "elsewhere"},
        {"status.sync.comparedTo": None},
    ],
)
def test_S43_a_status_about_an_older_spec_is_not_done(changes: Object) -> None:
    never(changes)


def test_S43_empty_blocks_are_no_difference() -> None:
    empty: Object = {"spec.source.kustomize": {}, "spec.source.directory": {"jsonnet": {}}}
    judge = Judge()
    judge(seen(empty))
    assert isinstance(judge(seen(empty), 10), Ready)


def test_S44_an_application_that_is_being_deleted_fails_at_once() -> None:
    verdict = Judge()(seen({"metadata.deletionTimestamp": "2026-08-22T10:04:00Z"}))
    assert isinstance(verdict, Failed)
    assert "deleted" in verdict.reason


def test_S46_absent_and_null_fields_are_normal_shapes() -> None:
    assert isinstance(Judge()(seen(name="just-started")), Waiting)
    bare: Object = {"status.sync.revisions": [], "status.conditions": [], "status.health": {}}
    never(bare | {"status.sync.revision": None})
    never({"status.reconciledAt": None} | NO_OP)
    new = app({"status": {"sync": {}, "health": {}, "summary": {}}})
    new["status"]["resources"] = None
    never(new)


def test_S60_generation_and_observed_at_never_matter() -> None:
    moved = {"metadata.generation": 4711, "status.observedAt": "2020-01-01T00:00:00Z"}
    assert seen(moved) == seen()


def test_every_step_towards_ready_says_something_else() -> None:
    steps: list[Object] = [BEFORE, WANTS_X, RUNNING, PROGRESSING, {}]
    reasons = [Judge()(seen(step)) for step in steps]
    assert all(one != other for one, other in pairwise(reasons))
