"""An application whose own manifest another one deploys, through each Argo CD engine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import NotFound, NotProven, Unauthorized
from tests.contract.argocd_world import GITOPS, World, manifest
from tests.contract.engine_places import ARGO_CD, Place
from tests.contract.sample_image import Pushed

PARENT = {"parent": "apps"}


@pytest.fixture(params=ARGO_CD)
def place(request: pytest.FixtureRequest, tmp_path: Path, sync_images: Pushed) -> Iterator[Place]:
    with ARGO_CD[request.param].begun(request.param, tmp_path, sync_images) as begun:
        yield begun


def push(world: World, tag: str) -> str:
    """A commit in which the manifest of `books` holds the version."""
    world.images.push_server(tag)
    own = manifest("books")
    own["spec"]["source"]["helm"]["valuesObject"] = {"image": {"tag": tag}}
    own["metadata"]["namespace"] = "argocd"
    named = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}
    return world.git.push({"apps/books.yaml": json.dumps(named | own)})


def begin(world: World, automatic: bool = True) -> None:
    """`apps` and `books` are live at 1.0.0."""
    world.push_values(tag="0.0.1")
    revision = push(world, "1.0.0")
    begin_parent(world, revision, automatic)
    world.until_live(revision)


def begin_parent(world: World, revision: str, automatic: bool = True) -> None:
    """`apps` is live."""
    source = {"repoURL": GITOPS, "targetRevision": "main", "path": "apps", "directory": {}}
    here: dict[str, Any] = {"server": "https://kubernetes.default.svc", "namespace": "argocd"}
    world.add("apps", automatic, source=source, destination=here)
    if not automatic:
        world.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync", "apps")
        world.sync("apps").raise_for_status()
    world.until_live(revision, "apps")


def test_S07_S35_the_child_is_proven_after_its_manifest(place: Place) -> None:
    begin(place.world)
    revision = push(place.world, "1.1.0")
    assert place.wait(revision, "1.1.0", application=PARENT)().observed == revision
    assert place.world.argocd.truth("books").reference.endswith(":1.1.0")


def test_S07_S35_a_parent_that_is_being_deleted_is_told(place: Place) -> None:
    begin(place.world)
    place.world.argocd.freeze()
    place.world.argocd.store.patch(
        "apps", lambda each: each["metadata"].update(deletionTimestamp="2026-08-22T10:00:00Z")
    )
    revision = push(place.world, "1.1.0")
    with pytest.raises(NotProven, match="being deleted"):
        place.wait(revision, "1.1.0", application=PARENT)()


def test_S09_S28_S35_a_parent_that_is_not_there_is_told_at_once(place: Place) -> None:
    begin(place.world)
    with pytest.raises((NotFound, Unauthorized), match="gone"):
        place.wait("f" * 40, "1.0.0", application={"parent": "gone"})()


def test_S07_S35_a_child_that_this_delivery_makes_is_waited_for(place: Place) -> None:
    world = place.world
    world.push_values(tag="0.0.1")
    begin_parent(world, world.git.push({"apps/README.json": "{}"}))
    revision = push(world, "1.0.0")
    waiting = place.wait(revision, "1.0.0", application=PARENT)
    assert waiting().observed == revision
    assert any("the parent application" in sentence for sentence in waiting.said)


def test_S07_S09_S35_a_child_that_its_parent_does_not_make_is_told(place: Place) -> None:
    begin(place.world)
    revision = push(place.world, "1.1.0")
    with pytest.raises(NotFound, match="though its parent is live") as error:
        place.wait(revision, "1.1.0", application=PARENT | {"name": "never"})()
    assert "application.name" in error.value.hint
