"""Acceptance cases of the readiness decision: an application that another one deploys."""

from dataclasses import replace

import pytest

from slipway.errors import InvalidInput
from slipway.readiness.verdict import Failed, Ready, Superseded, Waiting
from tests.unit.readiness_objects import (
    BEFORE,
    CHART_DIGEST,
    DEGRADED,
    MANUAL_APP,
    OUT_OF_SYNC,
    RUNNING,
    STATE,
    WANTS_9,
    A,
    Judge,
    Object,
    X,
    Z,
    failed,
    nested,
    seen,
    settled,
)

MANIFEST = "apps/staging/books-api.yaml"
OLD_SPEC = {"spec.source.targetRevision": "8.0.0", "spec.source.helm.valuesObject.image.tag": "8"}
OLD_COMPARED = {
    key.replace("spec.", "status.sync.comparedTo."): value for key, value in OLD_SPEC.items()
}
OLD = "ghcr.io/parraletz/books-api:8.0.0"


def test_S07_first_the_parent_then_the_description_then_the_child_itself() -> None:
    judge, at = Judge(WANTS_9), 0
    before = OLD_SPEC | OLD_COMPARED
    steps = [
        (nested(before, BEFORE, OLD), "parent application: the engine still looks at"),
        (nested(before, OUT_OF_SYNC | {STATE: None}, OLD), "parent application: out of sync"),
        (nested(before, RUNNING, OLD), "parent application: the sync of"),
        (nested(OLD_COMPARED, None, OLD), "older version of the application"),
        (nested(OUT_OF_SYNC | {STATE: None}, None, OLD), "out of sync"),
        (nested({"status.health.status": "Progressing"}), "rolling out"),
    ]
    for reading, reason in steps:
        at += 20
        verdict = judge(reading, at)
        assert isinstance(verdict, Waiting), verdict
        assert reason in verdict.reason
        assert verdict.of_parent == reason.startswith("parent")
    judge(nested(), 200)
    verdict = judge(nested(), 210)
    assert isinstance(verdict, Ready)
    assert verdict.observed == X  # the child's own revision is a digest


def test_S07_the_parent_alone_proves_nothing() -> None:
    absent = settled(nested(image=OLD), WANTS_9, after=30)
    assert isinstance(absent, Waiting)
    assert "no live workload runs" in absent.reason


def test_S07_a_refresh_is_asked_of_the_one_that_is_behind() -> None:
    behind = settled(nested(None, BEFORE), WANTS_9)
    assert isinstance(behind, Waiting)
    assert (behind.ask, behind.of_parent) == ("refresh", True)
    stale = settled(nested({"status.reconciledAt": "2026-08-22T10:01:00Z"}), WANTS_9)
    assert isinstance(stale, Waiting)
    assert (stale.ask, stale.of_parent) == ("refresh", False)


def test_S07_a_description_without_the_wanted_value_is_not_done_and_then_fails() -> None:
    known = {"status.sync.revision": CHART_DIGEST, "spec.source.targetRevision": "latest"}
    known |= {"status.sync.comparedTo.source.targetRevision": "latest"}
    lacking = nested(OLD_SPEC | OLD_COMPARED | known)
    lacking = replace(lacking, tags=())
    judge = Judge(WANTS_9)
    waiting = judge(lacking)
    assert isinstance(waiting, Waiting)
    assert "does not name 9.0.0" in waiting.reason
    assert isinstance(judge(lacking, 59), Waiting)
    assert isinstance(judge(lacking, 60), Failed)


def test_S07_a_child_that_reads_our_repository_is_judged_by_the_files_that_were_written() -> None:
    values = replace(WANTS_9, files=("books/api/values-staging.yaml",))
    manifest = replace(WANTS_9, files=("books/api/values-staging.yaml", MANIFEST))
    reading = nested(name="values-by-reference")
    lacking = replace(reading, spec_values=())
    assert isinstance(settled(reading, manifest), Ready)
    assert isinstance(settled(lacking, values), Ready)
    assert isinstance(settled(lacking, manifest), Waiting)


def test_S07_the_parent_needs_no_health_of_its_own() -> None:
    assert isinstance(settled(nested(None, DEGRADED), WANTS_9), Ready)


@pytest.mark.parametrize(
    ("above", "reason"),
    [
        (failed(X), "the parent application: the sync of 3b8e5c1 ended Failed"),
        ({"metadata.deletionTimestamp": "2026-08-22T10:04:00Z"}, "parent application: the appl"),
        (
            {"metadata.annotations": {"argocd.argoproj.io/skip-reconcile": "true"}},
            "the parent application: reconciliation",
        ),
    ],
)
def test_S07_what_is_wrong_with_the_parent_ends_the_wait(above: Object, reason: str) -> None:
    verdict = Judge(WANTS_9)(nested(None, above))
    assert isinstance(verdict, Failed)
    assert reason in verdict.reason


@pytest.mark.parametrize("start", [True, False])
def test_S07_S21_a_parent_that_nobody_syncs_is_left_to_a_person(start: bool) -> None:
    """A sync of it would apply what others have changed, too."""
    wanted = replace(WANTS_9, start=start, parent="root")
    judge, reading = Judge(wanted), nested(None, MANUAL_APP | OUT_OF_SYNC | {STATE: None})
    first, at_last = judge(reading), judge(reading, 60)
    assert isinstance(first, Waiting)
    assert isinstance(at_last, Waiting)
    assert (first.ask, at_last.ask) == (None, None)
    assert "waiting for a person to sync root" in at_last.reason


def test_S07_an_image_without_a_digest_is_not_named_by_everything() -> None:
    lacking = replace(nested(), spec_values=("1.9.0",))
    assert isinstance(settled(lacking, replace(WANTS_9, digest="")), Waiting)


def test_S07_a_parent_that_has_moved_on_without_our_values_supersedes() -> None:
    assert isinstance(Judge(WANTS_9)(nested(None, {"status.sync.revision": Z})), Superseded)


def test_S07_an_error_of_the_parent_lasts_through_one_hard_refresh_of_the_parent() -> None:
    error: Object = {"status.conditions": [{"type": "ComparisonError", "message": "no such path"}]}
    judge, reading = Judge(WANTS_9), nested(None, error)
    first, second = judge(reading), judge(reading, 30)
    assert isinstance(first, Waiting)
    assert isinstance(second, Waiting)
    assert (first.ask, second.ask, second.of_parent) == ("hard", "refresh", True)
    verdict = judge(reading, 60)
    assert isinstance(verdict, Failed)
    assert "no such path" in verdict.reason


def test_S14_a_failed_sync_of_todays_description_fails_at_once() -> None:
    broken = failed(CHART_DIGEST) | OUT_OF_SYNC
    verdict = Judge(WANTS_9)(nested(broken))
    assert isinstance(verdict, Failed)
    assert CHART_DIGEST[:7] in verdict.reason or "9.0.0" in verdict.reason


def test_S12_a_failed_sync_of_the_description_before_is_not_ours() -> None:
    older = failed("sha256:" + "0" * 64) | {
        f"{STATE}.syncResult.source": {"repoURL": "oci://ghcr.io/parraletz/charts/books-api"}
    }
    assert isinstance(settled(nested(older), WANTS_9), Ready)
    assert isinstance(Judge(WANTS_9)(nested(older | OUT_OF_SYNC)), Waiting)


def test_S07_without_a_parent_some_source_must_be_ours() -> None:
    with pytest.raises(InvalidInput) as error:
        seen(name="child")
    assert "application.parent" in error.value.hint


def test_S04_a_parent_with_another_number_of_sources_ends_the_wait() -> None:
    judge = Judge(WANTS_9)
    judge(nested())
    parent = nested().parent
    assert parent is not None
    changed = replace(nested(), parent=replace(parent, sources=2, revisions=(X, A)))
    verdict = judge(changed, 1)
    assert isinstance(verdict, Failed)
    assert "1 sources and now has 2" in verdict.reason
