"""What stops a chain whatever is committed, what it reads, and where it begins."""

from typing import Any

import pytest

from slipway.engines.flux_chain import Chain, Reference, chart_of, source_of
from slipway.engines.flux_status import observation
from slipway.errors import InvalidInput
from slipway.readiness.reach import unread
from slipway.readiness.verdict import Failed, Waiting
from slipway.service import GitOps
from tests.unit.flux_objects import (
    AT_A,
    BUILT_A,
    GITOPS,
    RELEASED_A,
    SOURCE_A,
    applied,
    condition,
    conditions,
    recorded,
    released,
)
from tests.unit.readiness_objects import Judge

SUSPENDED = {"spec.suspend": True}
STRATEGY = "spec.chart.spec.reconcileStrategy"
BY_VERSION = {STRATEGY: "ChartVersion"}


@pytest.mark.parametrize(
    ("reading", "named"),
    [
        (lambda: released(SUSPENDED), "HelmRelease/books-api"),
        (lambda: released({}, SUSPENDED), "HelmChart/books-api-books-api"),
        (lambda: released({}, {}, SUSPENDED), "GitRepository/gitops-cf"),
        (lambda: applied(SUSPENDED), "Kustomization/books-api"),
        (lambda: applied({}, SUSPENDED), "GitRepository/gitops-cf"),
    ],
)
def test_S78_suspended_anywhere_is_told_at_once(reading: Any, named: str) -> None:
    verdict = Judge()(reading())
    assert isinstance(verdict, Failed)
    assert f"{named} is suspended" in verdict.reason
    assert "flux resume" in verdict.hint


def test_S73_the_token_echoed_by_a_suspended_object_is_not_success() -> None:
    echoed = SUSPENDED | {"status.lastHandledReconcileAt": "t-1"}
    assert isinstance(Judge()(applied(echoed)), Failed)
    assert isinstance(Judge()(released(echoed)), Failed)


def test_S75_a_chart_taken_by_its_version_never_carries_new_values() -> None:
    # The source is at X, the chart has looked at it, and made none: its version has not risen.
    plain = {"status.artifact.revision": "0.1.0"}
    last = {"status.lastAttemptedRevision": "0.1.0", "status.history.0.chartVersion": "0.1.0"}
    verdict = Judge()(released(last | BY_VERSION, plain))
    assert isinstance(verdict, Failed)
    assert "never deployed by this configuration" in verdict.reason
    assert "reconcileStrategy: Revision" in verdict.hint


def test_S75_the_default_strategy_is_that_one() -> None:
    assert isinstance(Judge()(released({STRATEGY: None})), Failed)


def test_S75_S78_what_the_commit_itself_mends_is_no_reason_to_stop() -> None:
    # The Kustomization that applies the release has not taken X yet: X resumes it.
    chain = Chain(recorded("helmrelease", SUSPENDED), recorded("gitrepository"))
    before = applied({"status.lastAttemptedRevision": AT_A, "status.lastAppliedRevision": AT_A})
    taking = applied({"status.lastAppliedRevision": AT_A})
    for parent in (before, taking):
        assert isinstance(Judge()(observation(chain, (), GITOPS, parent)), Waiting)
    assert isinstance(Judge()(observation(chain, (), GITOPS, applied())), Failed)


def test_S82_an_object_of_a_removed_version_is_named_with_the_current_one() -> None:
    verdict = Judge()(released({"apiVersion": "helm.toolkit.fluxcd.io/v2beta1"}))
    assert isinstance(verdict, Failed)
    assert "removed version, helm.toolkit.fluxcd.io/v2beta1" in verdict.reason
    assert "helm.toolkit.fluxcd.io/v2 " in verdict.hint


def test_S79_a_stalled_source_fails_at_once() -> None:
    stalled = conditions(
        condition("Stalled", "True", "URLInvalid", "unsupported scheme"),
        condition("Ready", "False", "URLInvalid", "unsupported scheme"),
    )
    verdict = Judge()(applied({}, stalled))
    assert isinstance(verdict, Failed)
    assert "URLInvalid: unsupported scheme" in verdict.reason


def test_a_source_that_cannot_be_fetched_fails_beyond_the_grace_time() -> None:
    unreachable = SOURCE_A | conditions(
        condition("Ready", "False", "GitOperationFailed", "unable to clone: connection refused")
        | {"observedGeneration": 2}
    )
    judge = Judge()
    for at in (0, 20, 40):
        assert isinstance(judge(released(RELEASED_A, BUILT_A, unreachable), at), Waiting)
    verdict = judge(released(RELEASED_A, BUILT_A, unreachable), 61)
    assert isinstance(verdict, Failed)
    assert "GitRepository/gitops-cf: GitOperationFailed: unable to clone" in verdict.reason


def test_deletion_is_told_at_once() -> None:
    verdict = Judge()(applied({"metadata.deletionTimestamp": "2026-08-22T10:05:00Z"}))
    assert isinstance(verdict, Failed)
    assert "being deleted" in verdict.reason


def test_a_file_that_no_link_reads_is_found() -> None:
    release, kustomization = released(), applied()
    files = ("books/api/values-staging.yaml", "books/api/values-production.yaml")
    assert unread(release.reads, files) == ("books/api/values-production.yaml",)
    assert unread(release.reads, ["books/api/templates/deployment.yaml"]) == ()
    assert unread(kustomization.reads, ["apps/staging/books.yaml", "apps/production/b.yaml"]) == (
        "apps/production/b.yaml",
    )
    assert unread(kustomization.reads, ["base/kustomization.yaml"]) == ()  # it may be its base


def test_the_chart_s_own_values_are_read_only_while_no_files_are_named() -> None:
    assert unread(released().reads, ["books/api/values.yaml"])
    assert not unread(released({}, {"spec.valuesFiles": None}).reads, ["books/api/values.yaml"])


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"spec.url": "https://github.com/other/repo"}, "not https://github.com/parraletz"),
        ({"spec.ref": {"branch": "next"}}, "follows the branch next"),
        ({"spec.ref": {"tag": "v1"}}, "follows the tag v1"),
        ({"spec.ref": {"branch": "main", "commit": "abc"}}, "follows the commit abc"),
    ],
)
def test_a_chain_that_begins_elsewhere_is_told_so(source: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        released({}, {}, source)


def test_a_branch_may_be_named_in_full() -> None:
    assert released({}, {}, {"spec.ref": {"name": "refs/heads/main"}})


def test_references_are_found_link_by_link() -> None:
    release, chart = recorded("helmrelease"), recorded("helmchart")
    assert chart_of(release) == Reference("HelmChart", "flux-system", "books-api-books-api")
    assert source_of(release, chart) == Reference("GitRepository", "flux-system", "gitops-cf")
    assert source_of(recorded("kustomization"), None) == source_of(release, chart)
    referring = recorded(
        "helmrelease", {"spec.chart": None, "spec.chartRef": {"kind": "HelmChart"}}
    )
    assert source_of(referring, chart) == Reference("GitRepository", "flux-system", "gitops-cf")


def test_another_repository_is_none_of_ours() -> None:
    chain = Chain(recorded("kustomization"), recorded("gitrepository"))
    with pytest.raises(InvalidInput):
        observation(chain, (), GitOps(repository="https://git.example.com/team/gitops"))
