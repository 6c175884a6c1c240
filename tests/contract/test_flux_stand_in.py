"""The Flux stand-in, release side: which field moves when."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.kind import GIT_REPOSITORY, HELM_RELEASE
from tests.contract.argocd_world import GITOPS
from tests.contract.flux_world import World, condition, ready, released, revision_of, running
from tests.contract.sample_image import CRASHING, Pushed, image_registry, layer

REMEDIATED = {"upgrade": {"remediation": {"retries": 0, "remediateLastFailure": True}}}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as ready_world:
        yield ready_world


def live(world: World, **spec: object) -> str:
    revision = world.push_image("1.0.0")
    world.add_source()
    world.add_release(**spec)
    world.until_released(revision)
    return revision


def test_a_commit_travels_from_source_to_chart_to_release(world: World) -> None:
    revision = live(world)
    assert revision_of(world.source) == f"main@sha1:{revision}"
    status = world.chart["status"]
    assert status["observedSourceArtifactRevision"] == f"main@sha1:{revision}"
    assert revision_of(world.chart) == f"0.1.0+{revision[:12]}.1"
    release = world.release["status"]
    assert release["helmChart"] == "flux-system/flux-system-books"
    assert release["lastAttemptedRevision"] == release["history"][0]["chartVersion"]
    assert release["lastAttemptedConfigDigest"] == release["history"][0]["configDigest"]
    assert not condition(world.release, "Reconciling")
    assert world.image().endswith(":1.0.0")


def test_ready_of_the_old_chart_stays_while_the_source_has_moved(world: World) -> None:
    first = live(world)
    world.flux.take_down("helm-controller")
    second = world.push_image("1.1.0")
    world.look()
    world.until(lambda: second[:12] in revision_of(world.chart))
    assert released(world.release, first)
    assert world.release["metadata"]["generation"] == world.release["status"]["observedGeneration"]
    world.flux.bring_up("helm-controller")
    world.until_released(second)


def test_nothing_is_fetched_before_somebody_asks_or_the_interval_is_over(world: World) -> None:
    first = live(world)
    world.push_image("1.1.0")
    world.look("release only", HELM_RELEASE, "books")
    world.until(lambda: world.release["status"].get("lastHandledReconcileAt") == "release only")
    assert revision_of(world.source) == f"main@sha1:{first}"
    assert released(world.release, first)


def test_no_new_chart_is_made_of_the_same_version(world: World) -> None:
    live_chart = {"chart": "./books", "valuesFiles": ["./books/values-staging.yaml"]}
    reference = {"kind": "GitRepository", "name": "gitops"}
    world.push_image("1.0.0")
    world.add_source()
    world.add_release(chart={"spec": {**live_chart, "sourceRef": reference}})
    world.until(lambda: ready(world.release) == "True")
    second = world.push_image("1.1.0")
    world.look()
    looked = f"main@sha1:{second}"
    world.until(lambda: world.chart["status"]["observedSourceArtifactRevision"] == looked)
    world.until(lambda: ready(world.chart) == "True")
    assert revision_of(world.chart) == "0.1.0+1"
    assert world.image().endswith(":1.0.0")


def test_the_token_is_echoed_by_a_failed_and_by_a_suspended_object(world: World) -> None:
    live(world)
    world.flux.unplug(GITOPS)
    world.look("unreachable")
    world.until(lambda: world.source["status"].get("lastHandledReconcileAt") == "unreachable")
    assert condition(world.source, "Ready")["reason"] == "GitOperationFailed"
    assert revision_of(world.source)  # the old artifact stays
    world.patch(HELM_RELEASE, "books", {"suspend": True})
    world.look("suspended", HELM_RELEASE, "books")
    world.until(lambda: world.release["status"].get("lastHandledReconcileAt") == "suspended")
    assert ready(world.release) == "True"


def test_a_retryable_failure_leaves_the_observed_generation_behind(world: World) -> None:
    live(world)
    world.flux.unplug(GITOPS)
    world.patch(GIT_REPOSITORY, "gitops", {"interval": "2m"})
    world.until(lambda: ready(world.source) == "False")
    assert world.source["metadata"]["generation"] == 2
    assert world.source["status"]["observedGeneration"] == 1
    assert condition(world.source, "Reconciling")["reason"] == "ProgressingWithRetry"


def crash(world: World) -> str:
    world.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    revision = world.push_values("1.1.0-crash")
    world.look(revision)
    return revision


def test_a_failed_upgrade_without_retries_is_stalled(world: World) -> None:
    first = live(world, timeout="1s")
    revision = crash(world)
    world.until(lambda: condition(world.release, "Stalled"))
    status = world.release["status"]
    assert condition(world.release, "Stalled")["reason"] == "RetriesExceeded"
    assert (status["failures"], status["upgradeFailures"]) == (1, 1)
    assert status["history"][0]["status"] == "failed"
    assert revision[:12] in status["lastAttemptedRevision"]
    assert first[:12] in status["history"][1]["chartVersion"]
    assert status["history"][1]["status"] == "deployed"


def test_a_rollback_is_deployed_and_has_the_old_chart(world: World) -> None:
    first = live(world, timeout="1s", **REMEDIATED)
    revision = crash(world)
    world.until(lambda: condition(world.release, "Stalled"))
    newest = world.release["status"]["history"][0]
    assert (newest["status"], newest["version"]) == ("deployed", 3)
    assert first[:12] in newest["chartVersion"]
    assert revision[:12] in world.release["status"]["lastAttemptedRevision"]
    assert condition(world.release, "Remediated")["status"] == "True"
    assert ready(world.release) == "False"
    assert world.image().endswith(":1.0.0")


def test_retries_are_counted_and_a_new_chart_sets_them_back(world: World) -> None:
    live(world, timeout="1s", upgrade={"remediation": {"retries": 1}})
    crash(world)
    world.until(
        lambda: condition(world.release, "Reconciling").get("reason") == "ProgressingWithRetry"
    )
    assert world.release["status"]["upgradeFailures"] == 1
    world.until(lambda: condition(world.release, "Stalled"))
    assert world.release["status"]["upgradeFailures"] == 2
    fixed = world.push_image("1.1.1")
    world.look(fixed)
    world.until_released(fixed)
    assert "failures" not in world.release["status"]
    assert not condition(world.release, "Remediated")


def test_a_newer_chart_waits_behind_an_upgrade_that_waits_for_pods(world: World) -> None:
    live(world, timeout="3s")
    broken = world.push_values("9.9.9-missing")
    world.look(broken)
    world.until(lambda: broken[:12] in world.release["status"]["lastAttemptedRevision"])
    world.until(lambda: world.release["status"]["history"][0]["status"] == "pending-upgrade")
    fixed = world.push_image("1.1.1")
    world.look(fixed)
    world.until(lambda: fixed[:12] in revision_of(world.chart))
    assert condition(world.release, "Reconciling")["status"] == "True"
    assert broken[:12] in world.release["status"]["lastAttemptedRevision"]
    world.until_released(fixed)


def test_a_values_file_that_is_missing_stalls_the_chart(world: World) -> None:
    live(world)
    chart = dict(world.release["spec"]["chart"]["spec"], valuesFiles=["./books/values-gone.yaml"])
    world.patch(HELM_RELEASE, "books", {"chart": {"spec": chart}})
    world.until(lambda: condition(world.chart, "Stalled"))
    world.until(lambda: condition(world.release, "Ready").get("reason") == "SourceNotReady")
    assert condition(world.release, "Reconciling")["status"] == "True"
