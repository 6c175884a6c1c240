"""The Flux objects that `slipway manifests` prints are what Flux runs, and what the wait reads."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.config import read_service
from slipway.layout import layout
from slipway.service import Service
from tests.contract.argocd_world import GITOPS
from tests.contract.flux_world import DEPLOYMENT, World, running
from tests.contract.sample_image import Pushed, image_registry
from tests.contract.sync_wait import Wait

ROOT = Path(__file__).parents[2]
VALUES = "books/api/values-staging.yaml"
OVERLAY = "apps/staging/kustomization.yaml"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    with image_registry(tmp_path_factory.mktemp("registry")) as pushed:
        yield pushed


@pytest.fixture
def world(tmp_path: Path, images: Pushed) -> Iterator[World]:
    with running(tmp_path, images) as found:
        yield found


def service(file: str) -> Service:
    """The shipped service with one environment that writes into this file, for Flux."""
    content = read_service(ROOT / "services", "books-api").model_dump(by_alias=True)
    kind = "Kustomization" if file == OVERLAY else "HelmRelease"
    key = "images[name=app].newTag" if file == OVERLAY else "image.tag"
    staging = content["environments"][0] | {"updates": [{"file": file, "key": key}]}
    staging["application"] = {"engine": "flux", "kind": kind, "name": "books"}
    gitops = {"repository": GITOPS}
    return Service.model_validate({**content, "environments": [staging], "gitops": gitops})


def content(file: str, images: Pushed, version: str) -> dict[str, str]:
    """What a delivery has written."""
    images.push_server(version)
    if file == VALUES:
        return {file: f"image: {{repository: {images.repository}, tag: {version}}}\n"}
    changed = f"images:\n- {{name: app, newName: {images.repository}, newTag: {version}}}\n"
    plain = DEPLOYMENT.replace("  namespace: books\n", "")
    folder = file.rpartition("/")[0]
    return {f"{folder}/app.yaml": plain, file: f"resources: [app.yaml]\n{changed}"}


@pytest.mark.parametrize("file", [VALUES, OVERLAY])
def test_what_is_printed_runs_and_is_proven(world: World, file: str) -> None:
    given = service(file)
    made = layout(given)
    chart = {
        "books/api/Chart.yaml": "apiVersion: v2\nname: books\nversion: 0.1.0\n",
        "books/api/values.yaml": "replicaCount: 1\n",
    }
    world.git.push({**chart, **content(file, world.images, "1.0.0")})
    for text in made.manifests.values():
        world.flux.add(yaml.safe_load(text))
    world.until(lambda: world.image().endswith(":1.0.0"))
    revision = world.git.push(content(file, world.images, "1.1.0"))
    application = given.environments[0].application.model_dump(include={"engine", "kind", "name"})
    repository = world.images.repository
    settings, files = world.settings(), (file,)
    wait = Wait(
        "", repository, revision, "1.1.0", settings=settings, application=application, files=files
    )
    assert wait().observed == revision
    assert world.image().endswith(":1.1.0")
