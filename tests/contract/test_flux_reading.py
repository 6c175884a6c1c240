"""What Flux's engine reads of a cluster: below a Kustomization, jobs, Rollouts, and its rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubernetes.access import ADMIN, Account, Rule
from sandbox.kubernetes.kind import HELM_RELEASE, Kind
from sandbox.serving import Fault
from slipway.engines.interface import Engine, engine_for
from slipway.errors import Unauthorized
from slipway.service import Application, GitOps
from tests.contract.argocd_world import GITOPS
from tests.contract.flux_world import World, ready, running
from tests.contract.sample_image import Pushed
from tests.contract.sync_wait import Wait

RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: books, namespace: {namespace}}}
spec:
  interval: 5m
  timeout: 20s
  targetNamespace: books
  chart:
    spec:
      chart: ./books
      reconcileStrategy: Revision
      sourceRef: {{kind: GitRepository, name: gitops, namespace: flux-system}}
  values:
    image: {{repository: {repository}, tag: {tag}}}
"""
LABELS = {
    "helm.toolkit.fluxcd.io/name": "books",
    "helm.toolkit.fluxcd.io/namespace": "flux-system",
}
ROLLOUT = Kind("argoproj.io", "v1alpha1", "rollouts", "Rollout")
FLUX = ("gitrepositories.*", "helmreleases.*", "kustomizations.*")
BELOW = (
    Rule(("get",), ("helmcharts.*",)),
    Rule(("get", "list"), ("deployments.*", "statefulsets.*", "daemonsets.*")),
    Rule(("list",), ("replicasets.*", "pods")),
)


@pytest.fixture
def world(tmp_path: Path, sync_images: Pushed) -> Iterator[World]:
    with running(tmp_path, sync_images) as found:
        found.add_source()
        yield found


@contextmanager
def opened(
    world: World, account: Account = ADMIN, **fields: Any
) -> Iterator[tuple[Engine, Application]]:
    """The engine itself, with the rights of an account."""
    world.kubernetes.accounts.append(account)
    application = Application(**{"name": "books", "engine": "flux"} | fields)
    gitops = GitOps(repository=GITOPS)
    with engine_for(application, world.settings(account), gitops, lambda: 20.0) as engine:
        yield engine, application


def push(world: World, tag: str, namespace: str = "flux-system") -> str:
    """A commit whose HelmRelease asks for the image."""
    world.images.push_server(tag)
    chart = {"books/Chart.yaml": "apiVersion: v2\nname: books\nversion: 0.1.0\n"}
    repository = world.images.repository
    release = RELEASE.format(namespace=namespace, repository=repository, tag=tag)
    return world.git.push({**chart, "apps/release.yaml": release})


def pod_spec(image: str) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "books", "image": image}]}}}


def kinds(engine: Engine, application: Application) -> list[str]:
    return sorted(each.kind for each in engine.observe(application).workloads)


def test_S77_workloads_of_a_release_below_a_kustomization_are_where_it_puts_them(
    world: World,
) -> None:
    push(world, "1.0.0")
    world.add_kustomization("apps")
    world.until(lambda: ready(world.release) == "True")
    revision = push(world, "1.1.0")
    application = {"engine": "flux", "kind": "Kustomization", "name": "apps"}
    settings, repository = world.settings(), world.images.repository
    wait = Wait("", repository, revision, "1.1.0", settings=settings, application=application)
    assert wait().observed == revision


def released(world: World) -> None:
    """`books` is live by a HelmRelease of its own."""
    world.add_release()
    world.until_released(world.push_image("1.0.0"))


def test_S08_jobs_of_a_release_are_read_where_the_image_runs_in_jobs(world: World) -> None:
    released(world)
    for kind in ("Job", "CronJob"):
        metadata = {"name": "migrate", "namespace": "books", "labels": LABELS}
        spec = pod_spec("books:1.0.0")
        spec = spec if kind == "Job" else {"jobTemplate": {"spec": spec}}
        api = {"apiVersion": "batch/v1", "kind": kind}
        world.cluster.put({**api, "metadata": metadata, "spec": spec})
    with opened(world, runs_in="jobs") as (engine, application):
        assert kinds(engine, application) == ["CronJob", "Deployment", "Job"]
    with opened(world) as (engine, application):
        assert kinds(engine, application) == ["Deployment"]


def test_a_rollout_of_a_release_is_read_where_the_cluster_has_such(world: World) -> None:
    released(world)
    least = Account("least", "least-not-a-real-token", (Rule(("get",), FLUX), *BELOW))
    with opened(world) as (engine, application):
        assert kinds(engine, application) == ["Deployment"]
    world.flux.objects.register(ROLLOUT)
    metadata = {"name": "books", "namespace": "books", "labels": LABELS}
    world.flux.objects.add(ROLLOUT, {"metadata": metadata, "spec": pod_spec("books:1.0.0")})
    with opened(world) as (engine, application):
        assert kinds(engine, application) == ["Deployment", "Rollout"]
    with opened(world, least) as (engine, application):
        assert kinds(engine, application) == ["Deployment"]


def test_S09_the_rights_for_the_parent_are_examined_too(world: World) -> None:
    push(world, "1.0.0", "shop")
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.flux.objects.get(HELM_RELEASE, "shop", "books") or {}))
    changing = Rule(("get", "patch", "watch"), FLUX, ("shop",))
    changing_sources = Rule(("get", "patch", "watch"), FLUX[:1])
    rules = (changing, changing_sources, Rule(("get",), FLUX), *BELOW)
    below = Account("below", "below-not-a-real-token", rules)
    words = r"may not: patch kustomizations\.[\w.]+ in namespace flux-system"
    child = {"namespace": "shop", "parent": "apps"}
    with opened(world, below, **child) as (engine, application):
        with pytest.raises(Unauthorized, match=words):
            engine.examine(application)
        engine.examine(application.model_copy(update={"parent": None}))
    with opened(world, **child) as (engine, application):
        engine.examine(application)


def test_S09_who_may_not_ask_for_rights_is_not_stopped_by_that(world: World) -> None:
    released(world)
    world.server.traffic.faults.append(Fault(path="selfsubjectaccessreviews", status=403, times=-1))
    with opened(world) as (engine, application):
        engine.examine(application)


def test_S07_a_parent_of_the_same_name_is_another_object(world: World) -> None:
    push(world, "1.0.0")
    world.add_kustomization("books", wait=None)
    world.until(lambda: ready(world.release) == "True")
    revision = push(world, "1.1.0")
    application = {"engine": "flux", "parent": "books"}
    settings, repository = world.settings(), world.images.repository
    wait = Wait("", repository, revision, "1.1.0", settings=settings, application=application)
    assert wait().observed == revision
    with opened(world, parent="books") as (engine, application):
        engine.observe(application)
        world.server.traffic.reset()
        engine.refresh(application)
        asked = [each.path for each in world.server.traffic.requests if each.method == "PATCH"]
        assert not any("kustomizations" in path for path in asked)
