"""A Kustomization, from its recorded objects to a verdict."""

from typing import Any

import pytest

from slipway.readiness.verdict import Failed, Ready, Superseded, Waiting
from tests.unit.flux_objects import AT_A, AT_X, OLD_IMAGE, SOURCE_A, applied, condition, conditions
from tests.unit.readiness_objects import Judge, X, Y, Z, deployment

ATTEMPTS_X = {"status.lastAppliedRevision": AT_A}
CHECKING = condition("Reconciling", "True", message="Running health checks for revision X")
RETRYING = condition("Reconciling", "True", "ProgressingWithRetry", "Detecting drift")
BUSY = conditions(CHECKING, condition("Ready", "Unknown"), condition("Healthy", "Unknown"))
UNCHECKED = {"spec.wait": None}
READY = condition("Ready", "True", "ReconciliationSucceeded", "Applied revision")
SLOW = "health check failed after 3m0s: timeout waiting for: [Deployment/books-api]"


def settled(reading: Any, seconds: float = 30) -> Any:
    judge = Judge()
    judge(reading)
    return judge(reading, seconds)


def failed(reason: str, message: str) -> Any:
    return conditions(RETRYING, condition("Ready", "False", reason, message))


def test_a_kustomization_that_applied_the_commit_is_live() -> None:
    verdict = settled(applied())
    assert isinstance(verdict, Ready), verdict
    assert verdict.observed == X


@pytest.mark.parametrize(
    "last",
    [
        {"status.lastAttemptedRevision": AT_A, "status.lastAppliedRevision": AT_A},
        ATTEMPTS_X,  # the checks go on, or failed
        ATTEMPTS_X | BUSY,
        {"status.conditions": None},
        conditions(READY, condition("Healthy", "Unknown")),
        conditions(condition("Ready", "Unknown")),
    ],
)
def test_S79_not_applied_and_healthy_is_not_done(last: Any) -> None:
    assert isinstance(settled(applied(last)), Waiting)


def test_S79_a_source_that_has_moved_says_nothing_of_what_is_applied() -> None:
    reading = applied({"status.lastAttemptedRevision": AT_A, "status.lastAppliedRevision": AT_A})
    verdict = settled(reading)
    assert isinstance(verdict, Waiting)
    assert verdict.ask == "refresh"


def test_S77_applied_without_checks_is_not_healthy_unless_the_pods_show_it() -> None:
    unchecked = UNCHECKED | conditions(READY)
    live = settled(applied(unchecked))
    assert isinstance(live, Ready)
    assert "health is shown by Deployment/books-api alone" in live.summary
    judge = Judge()
    waiting = judge(applied(unchecked, live=[]))
    assert isinstance(waiting, Waiting)
    assert "applied, health not proven" in waiting.reason
    assert isinstance(judge(applied(unchecked, live=[]), 61), Failed)


def test_S77_pods_that_are_behind_prove_nothing() -> None:
    unchecked = UNCHECKED | conditions(READY)
    behind = [deployment(updatedReplicas=1)]
    assert isinstance(settled(applied(unchecked, live=behind), 500), Waiting)


def test_health_checks_by_name_count_as_checks() -> None:
    named = {"spec.healthChecks": [{"kind": "Deployment", "name": "books-api"}]}
    assert applied(UNCHECKED | named).health_proven


def test_S80_a_commit_that_waits_behind_health_checks_is_told_so() -> None:
    busy = BUSY | {"status.lastAttemptedRevision": AT_A, "status.lastAppliedRevision": AT_A}
    verdict = settled(applied(busy, live=OLD_IMAGE), 170)
    assert isinstance(verdict, Waiting)
    assert "3b8e5c1 is waiting behind 9f2c1b7 in Kustomization/books-api" in verdict.reason
    assert "Running health checks" in verdict.reason


def test_S79_failed_health_checks_are_a_failure_beyond_the_grace_time() -> None:
    unhealthy = ATTEMPTS_X | failed("HealthCheckFailed", SLOW)
    judge = Judge()
    assert isinstance(judge(applied(unhealthy)), Waiting)
    assert isinstance(judge(applied(unhealthy), 59), Waiting)
    assert isinstance(judge(applied(unhealthy), 60), Failed)


def test_S73_the_token_echoed_by_a_failed_kustomization_is_not_success() -> None:
    token = {"status.lastHandledReconcileAt": "t-1"}
    broken = ATTEMPTS_X | failed("BuildFailed", "accumulating resources: no such file") | token
    judge = Judge()
    assert isinstance(judge(applied(broken)), Waiting)
    verdict = judge(applied(broken), 60)
    assert isinstance(verdict, Failed)
    assert "BuildFailed: accumulating resources: no such file" in verdict.reason


def test_a_failure_of_the_commit_before_does_not_fail_this_one() -> None:
    at_a = {"status.lastAttemptedRevision": AT_A} | ATTEMPTS_X
    broken = at_a | failed("BuildFailed", "accumulating resources: no such file")
    judge = Judge()
    judge(applied(broken, SOURCE_A))
    assert isinstance(judge(applied(broken, SOURCE_A), 500), Waiting)


def test_a_dependency_that_is_not_ready_is_waited_for() -> None:
    waits = ATTEMPTS_X | failed("DependencyNotReady", "dependency 'flux-system/db' is not ready")
    verdict = settled(applied(waits), 500)
    assert isinstance(verdict, Waiting)
    assert "dependency 'flux-system/db' is not ready" in verdict.reason


def test_S79_stalled_fails_at_once_with_its_reason() -> None:
    stalled = condition("Stalled", "True", "AccessDenied", "cross-namespace references are blocked")
    verdict = Judge()(applied(conditions(stalled, condition("Ready", "False", "AccessDenied"))))
    assert isinstance(verdict, Failed)
    assert "cross-namespace references are blocked" in verdict.reason


def test_S82_a_manifest_of_a_removed_version_is_named_with_the_current_one() -> None:
    refused = (
        'HelmRelease/books-api/books-api dry-run failed: no matches for kind "HelmRelease" in'
        ' version "helm.toolkit.fluxcd.io/v2beta2"'
    )
    verdict = Judge()(applied(ATTEMPTS_X | failed("ReconciliationFailed", refused)))
    assert isinstance(verdict, Failed)
    assert "uses a removed version, helm.toolkit.fluxcd.io/v2beta2" in verdict.reason
    assert "apiVersion: helm.toolkit.fluxcd.io/v2" in verdict.reason


def test_S82_a_kind_that_is_only_not_there_yet_is_waited_for() -> None:
    missing = 'no matches for kind "ScaledObject" in version "keda.sh/v1alpha1"'
    broken = ATTEMPTS_X | failed("ReconciliationFailed", missing)
    assert isinstance(settled(applied(broken), 59), Waiting)


@pytest.mark.parametrize(("commit", "verdict"), [(Y, Ready), (Z, Superseded)])
def test_a_later_commit_counts_by_its_values(commit: str, verdict: type) -> None:
    later = f"main@sha1:{commit}"
    last = {"status.lastAttemptedRevision": later, "status.lastAppliedRevision": later}
    assert isinstance(settled(applied(last, {"status.artifact.revision": later})), verdict)


def test_an_oci_artifact_counts_by_the_commit_it_names() -> None:
    revision = "latest@sha256:" + "e5" * 32
    source = {
        "kind": "OCIRepository",
        "status.artifact.revision": revision,
        "status.artifact.metadata": {"org.opencontainers.image.revision": AT_X},
    }
    last = {"status.lastAttemptedRevision": revision, "status.lastAppliedRevision": revision}
    reading = applied(last, source)
    assert isinstance(settled(reading), Ready)
    assert reading.reads is None  # of which folder it was made is not told
