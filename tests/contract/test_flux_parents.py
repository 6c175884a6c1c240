"""The sync wait through Flux where a Kustomization applies the HelmRelease itself."""

import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.kubernetes.kind import KUSTOMIZATION
from slipway.errors import InvalidInput, NotFound, NotProven
from slipway.settings import Settings
from tests.contract.flux_world import World, ready, running
from tests.contract.oci import digest_of, push_blob, put_manifest
from tests.contract.sample_image import Pushed, image_registry
from tests.contract.sync_wait import Wait

SOURCE = """apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: charts, namespace: flux-system}}
spec:
  interval: 5m
  url: oci://{host}/team/charts/books
  ref: {{tag: {tag}}}
---
"""
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: books, namespace: flux-system}}
spec:
  interval: 5m
  timeout: 20s
  targetNamespace: books
  {chart}
  values:
    image: {{repository: {repository}, tag: {tag}}}
"""
FROM_REGISTRY = "chartRef: {kind: OCIRepository, name: charts}"
FROM_GIT = (
    "chart: {spec: {chart: ./books, reconcileStrategy: Revision,"
    " sourceRef: {kind: GitRepository, name: gitops}}}"
)
APPLICATION = {"engine": "flux", "parent": "apps"}
FILES = ("apps/release.yaml",)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as found:
        found.add_source()
        yield found


def push_chart(images: Pushed, version: str, values: str = "") -> str:
    """A chart in the registry; its digest."""
    name, files = "team/charts/books", io.BytesIO()
    texts = {
        "Chart.yaml": f"apiVersion: v2\nname: books\nversion: {version}\n",
        "values.yaml": values,
    }
    with tarfile.open(fileobj=files, mode="w") as archive:
        for path, text in texts.items():
            entry = tarfile.TarInfo(f"books/{path}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    layer = push_blob(images.client, name, gzip.compress(files.getvalue(), mtime=0))
    kind = "application/vnd.cncf.helm"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": push_blob(images.client, name, b"{}")
            | {"mediaType": f"{kind}.config.v1+json"},
            "layers": [layer | {"mediaType": f"{kind}.chart.content.v1.tar+gzip"}],
        }
    ).encode()
    put_manifest(images.client, name, version, manifest).raise_for_status()
    return digest_of(manifest)


def push(world: World, version: str, chart: str = FROM_REGISTRY, tag: str = "9.0.0") -> str:
    """A commit whose HelmRelease asks for the image."""
    world.images.push_server(version)
    source = SOURCE.format(host=world.images.host, tag=tag) if chart == FROM_REGISTRY else ""
    release = RELEASE.format(chart=chart, repository=world.images.repository, tag=version)
    files = {"books/Chart.yaml": "apiVersion: v2\nname: books\nversion: 0.1.0\n"}
    return world.git.push({**files, "apps/release.yaml": source + release})


def settings(world: World) -> Settings:
    """With access to the registry, too: it says what a tag is."""
    host, (username, password) = next(iter(world.images.credentials.items()))
    registry = {
        "registry_username": username,
        "registry_password": SecretStr(password),
        "plain_http_registries": (host,),
    }
    return world.settings().model_copy(update=registry)


def wait(world: World, revision: str, version: str, **fields: Any) -> Wait:
    given = {"settings": settings(world), "application": APPLICATION, "files": FILES} | fields
    return Wait("", world.images.repository, revision, version, **given)


@pytest.mark.parametrize("chart", [FROM_REGISTRY, FROM_GIT], ids=["oci", "git"])
def test_S07_values_in_the_release_s_own_manifest_are_proven(world: World, chart: str) -> None:
    push_chart(world.images, "9.0.0")
    push(world, "1.0.0", chart)
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.release) == "True")
    revision = push(world, "1.1.0", chart)
    proof = wait(world, revision, "1.1.0")()
    assert proof.observed == revision
    assert world.image().endswith(":1.1.0")


def test_S07_a_parent_that_is_down_is_never_success(world: World) -> None:
    push_chart(world.images, "9.0.0")
    push(world, "1.0.0")
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.release) == "True")
    world.flux.take_down("kustomize-controller")
    revision = push(world, "1.0.0", tag="'9.0.0' # the same values")
    with pytest.raises(NotProven, match="the parent application"):
        wait(world, revision, "1.0.0", timeout=20)()


def test_S05_another_chart_is_proven_by_the_digest_that_its_tag_has(world: World) -> None:
    push_chart(world.images, "9.0.0")
    new = push_chart(world.images, "9.1.0", "replicaCount: 2\n")
    push(world, "1.0.0")
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.release) == "True")
    revision = push(world, "1.1.0", tag="9.1.0")
    wait(world, revision, "1.1.0")()
    assert world.release["status"]["lastAttemptedRevisionDigest"] == new


def test_a_chart_from_a_registry_without_a_parent_is_refused(world: World) -> None:
    push_chart(world.images, "9.0.0")
    revision = push(world, "1.0.0")
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.release) == "True")
    with pytest.raises(InvalidInput, match=r"application\.parent"):
        wait(world, revision, "1.0.0", application={"engine": "flux"})()


def test_S07_a_release_that_this_delivery_makes_is_waited_for(world: World) -> None:
    push_chart(world.images, "9.0.0")
    world.git.push({"apps/kustomization.yaml": "resources: []\n"})
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.get(KUSTOMIZATION, "apps")) == "True")
    world.git.push({"apps/kustomization.yaml": "resources: [release.yaml]\n"})
    revision = push(world, "1.0.0")
    waiting = wait(world, revision, "1.0.0")
    assert waiting().observed == revision
    assert any("the parent application" in sentence for sentence in waiting.said)


def test_S07_S09_a_release_that_its_parent_does_not_make_is_told(world: World) -> None:
    push_chart(world.images, "9.0.0")
    world.add_kustomization("apps", wait=None)
    revision = push(world, "1.0.0")
    never = APPLICATION | {"name": "never"}
    with pytest.raises(NotFound, match="though its parent is live"):
        wait(world, revision, "1.0.0", application=never)()


def test_S82_a_release_of_a_removed_version_is_named_with_the_current_one(world: World) -> None:
    push_chart(world.images, "9.0.0")
    push(world, "1.0.0")
    world.add_kustomization("apps", wait=None)
    world.until(lambda: ready(world.release) == "True")
    old = RELEASE.format(chart=FROM_REGISTRY, repository=world.images.repository, tag="1.1.0")
    revision = world.git.push({"apps/release.yaml": old.replace(".io/v2", ".io/v2beta1")})
    with pytest.raises(NotProven, match=r"apiVersion: helm\.toolkit\.fluxcd\.io/v2") as failed:
        wait(world, revision, "1.1.0")()
    assert "removed version, helm.toolkit.fluxcd.io/v2beta1" in failed.value.message
