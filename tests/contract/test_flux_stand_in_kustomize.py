"""The Flux stand-in, kustomization side: which field moves when."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kubernetes.kind import KUSTOMIZATION
from tests.contract.flux_world import World, applied, condition, ready, running
from tests.contract.sample_image import Pushed, image_registry


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as ready_world:
        yield ready_world


def live(world: World, **spec: object) -> str:
    world.images.push_server("1.0.0")
    revision = world.push_manifest("1.0.0")
    world.add_source()
    world.add_kustomization(**spec)
    world.until_applied(revision)
    return revision


def last(world: World) -> tuple[str, str]:
    status = world.kustomization["status"]
    return tuple(status.get(f"last{name}Revision", "")[-40:] for name in ("Attempted", "Applied"))  # type: ignore[return-value]


def test_a_commit_is_applied_once_everything_is_healthy(world: World) -> None:
    revision = live(world)
    assert last(world) == (revision, revision)
    assert condition(world.kustomization, "Healthy")["status"] == "True"
    assert world.kustomization["status"]["inventory"]["entries"] == [
        {"id": "books_books_apps_Deployment", "v": "v1"}
    ]
    assert world.image().endswith(":1.0.0")


def test_the_applied_revision_waits_for_the_health_checks(world: World) -> None:
    first = live(world, timeout="2s")
    second = world.push_manifest("9.9.9-missing")
    world.look(second)
    world.until(lambda: condition(world.kustomization, "Healthy").get("status") == "Unknown")
    assert last(world) == (second, first)
    assert ready(world.kustomization) == "Unknown"
    assert "health checks" in condition(world.kustomization, "Reconciling")["message"]
    world.until(lambda: ready(world.kustomization) == "False")
    assert condition(world.kustomization, "Ready")["reason"] == "HealthCheckFailed"
    assert condition(world.kustomization, "Reconciling")["reason"] == "ProgressingWithRetry"
    assert last(world) == (second, first)


def test_without_checks_applied_is_ready(world: World) -> None:
    live(world, wait=None)
    second = world.push_manifest("9.9.9-missing")
    world.look(second)
    world.until_applied(second)
    assert not condition(world.kustomization, "Healthy")


def test_a_newer_commit_waits_behind_running_health_checks(world: World) -> None:
    live(world, timeout="3s")
    broken = world.push_manifest("9.9.9-missing")
    world.look(broken)
    world.until(lambda: condition(world.kustomization, "Healthy").get("status") == "Unknown")
    world.images.push_server("1.1.0")
    fixed = world.push_manifest("1.1.0")
    world.look(fixed)
    world.until(lambda: world.source["status"]["artifact"]["revision"].endswith(fixed))
    assert last(world)[0] == broken
    world.until_applied(fixed)


def test_a_commit_that_changes_nothing_moves_the_applied_revision(world: World) -> None:
    live(world)
    second = world.push_manifest("1.0.0", note="nothing that is built")
    world.look(second)
    world.until_applied(second)


@pytest.mark.parametrize(
    ("files", "reason", "words"),
    [
        ({"apps/kustomization.yaml": "resources: [gone.yaml]\n"}, "BuildFailed", "no such file"),
        ({"apps/deployment.yaml": "kind: [\n"}, "BuildFailed", "MalformedYAML"),
        (
            {"apps/deployment.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\nmetadata: {name: b}\n"},
            "ReconciliationFailed",
            'no matches for kind "HelmRelease" in version "helm.toolkit.fluxcd.io/v2beta1"',
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_built_or_applied_is_tried_again(
    world: World, files: dict[str, str], reason: str, words: str
) -> None:
    first = live(world)
    broken = world.git.push(files)
    world.look(broken)
    world.until(lambda: ready(world.kustomization) == "False")
    assert condition(world.kustomization, "Ready")["reason"] == reason
    assert words in condition(world.kustomization, "Ready")["message"]
    assert last(world) == (broken, first)
    world.images.push_server("1.1.0")
    fixed = world.push_manifest("1.1.0")
    world.look(fixed)
    world.until_applied(fixed)


def test_a_path_that_is_not_there_does_not_even_move_the_attempted_revision(world: World) -> None:
    first = live(world)
    world.patch(KUSTOMIZATION, "books", {"path": "./gone"})
    world.until(lambda: ready(world.kustomization) == "False")
    assert condition(world.kustomization, "Ready")["reason"] == "ArtifactFailed"
    assert last(world) == (first, first)
    assert world.kustomization["status"]["observedGeneration"] == 1


def test_a_suspended_one_echoes_the_token_and_even_observes_its_generation(world: World) -> None:
    first = live(world)
    world.patch(KUSTOMIZATION, "books", {"suspend": True})
    world.look("suspended", KUSTOMIZATION, "books")
    world.until(lambda: world.kustomization["status"].get("lastHandledReconcileAt") == "suspended")
    assert world.kustomization["status"]["observedGeneration"] == 2
    assert applied(world.kustomization, first)


def test_it_applies_objects_of_flux_itself(world: World) -> None:
    release = (
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: books, namespace: flux-system}\n"
        "spec:\n  interval: 5m\n  targetNamespace: books\n  chart:\n    spec:\n"
        "      chart: ./books\n      reconcileStrategy: Revision\n"
        "      valuesFiles: [./books/values-staging.yaml]\n"
        "      sourceRef: {kind: GitRepository, name: gitops}\n"
    )
    world.git.push({"apps/release.yaml": release})
    revision = world.push_image("1.0.0")
    world.add_source()
    world.add_kustomization("apps")
    world.until_released(revision)
    labels = world.release["metadata"]["labels"]
    assert labels["kustomize.toolkit.fluxcd.io/name"] == "apps"
    assert world.image().endswith(":1.0.0")
