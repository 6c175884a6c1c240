"""The build step is killed at every boundary, with every builder; the next run makes it whole."""

import os
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from sandbox.serving import Scope
from slipway.errors import Conflict, InvalidInput
from slipway.model import Release
from tests.contract.build_place import NAME, World, a_world
from tests.contract.images import stored
from tests.contract.killing import child, killed_at
from tests.contract.killing import request as asked
from tests.contract.shelf import assert_nothing_left

_CHILD = """
import sys
from slipway.build import build
from slipway.model import Release
from slipway.service import Service
from slipway.settings import load
service, release = Service.model_validate_json(sys.argv[1]), Release.model_validate_json(sys.argv[2])
print(build(service, release, load()).digest)
"""
_POINTS = {
    "built": ("before", asked("POST", "/blobs/uploads/")),
    "a blob is pushed": ("after", asked("PUT", "/blobs/uploads/")),
    "all blobs are pushed": ("before", asked("PUT", "/manifests/1.2.0")),
    "the version is pushed": ("after", asked("PUT", "/manifests/1.2.0")),
    "before latest": ("before", asked("PUT", "/manifests/latest")),
    "after latest": ("after", asked("PUT", "/manifests/latest")),
}


@pytest.fixture(params=["layer", "buildah", pytest.param("docker", marks=pytest.mark.docker)])
def world(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    if request.param == "buildah":
        request.getfixturevalue("buildah")
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_address"))
    with a_world(tmp_path) as world:
        world.builder, world.latest = request.param, True
        yield world


def start(world: World, release: Release) -> "subprocess.Popen[str]":
    """The build step in a process of its own."""
    password = world.settings.registry_password
    assert password
    environment = {
        name: os.environ[name] for name in ("TMPDIR", "DOCKER_HOST") if name in os.environ
    }
    environment |= {
        "SLIPWAY_REGISTRY_USERNAME": world.settings.registry_username,
        "SLIPWAY_REGISTRY_PASSWORD": password.get_secret_value(),
        "SLIPWAY_PLAIN_HTTP_REGISTRIES": world.login.address,
        "SLIPWAY_SOURCE_TOKEN": "git-secret",
    }
    told = [world.service.model_dump_json(by_alias=True), release.model_dump_json()]
    return child(_CHILD, told, environment)


def killed(world: World, release: Release, moment: str, when: Callable[[Scope], bool]) -> None:
    killed_at(world.gate, moment, when, lambda: start(world, release))


def tags(world: World) -> dict[str, str]:
    """Every tag of the repository and its digest."""
    auth = (world.login.username, world.login.password)
    url = f"http://{world.login.address}/v2/{NAME}/tags/list"
    names = httpx.get(url, auth=auth).raise_for_status().json()["tags"]
    found = {name: stored(world.login, NAME, name) for name in names}
    return {name: image.digest for name, image in found.items() if image}


@pytest.mark.parametrize("point", _POINTS)
def test_B36_a_killed_run_is_completed_to_one_digest(
    point: str, world: World, scratch: Path
) -> None:
    release = world.commit()
    killed(world, release, *_POINTS[point])
    image = world.build(release)
    assert tags(world) == {"1.2.0": image.digest, "latest": image.digest}
    assert world.pushes().count(f"/v2/{NAME}/manifests/1.2.0") == 1
    again = world.build(release)
    assert (again.digest, again.created) == (image.digest, False)
    assert_nothing_left(scratch)


def test_B37_two_processes_at_once_agree_on_one_digest(world: World) -> None:
    release = world.commit()
    children = [start(world, release) for _ in range(2)]
    said = [child.communicate(timeout=60) for child in children]
    digests = {out.strip() for out, _ in said}
    assert [child.returncode for child in children] == [0, 0], said
    assert len(digests) == 1
    assert tags(world) == {"1.2.0": digests.pop(), "latest": next(iter(tags(world).values()))}


def test_B37_two_versions_at_once_leave_latest_at_the_higher(world: World) -> None:
    releases = [world.commit().model_copy(update={"version": v}) for v in ("1.3.0", "1.2.9")]
    with ThreadPoolExecutor(2) as threads:
        images = list(threads.map(world.build, releases))
    assert tags(world)["latest"] == images[0].digest


def test_B33_B34_a_version_is_reused_and_never_overwritten(world: World) -> None:
    release = world.commit()
    first = world.build(release)
    world.server.traffic.reset()
    assert world.build(release).digest == first.digest
    assert world.server.traffic.writes() == []
    with pytest.raises(Conflict):
        world.build(world.commit("two"))
    assert tags(world) == {"1.2.0": first.digest, "latest": first.digest}


def test_B12_a_secret_argument_stops_before_anything_is_touched(world: World) -> None:
    release = world.commit()
    world.settings = world.settings.model_copy(
        update={"build_secrets": {"NPM_TOKEN": SecretStr("hunter2")}}
    )
    for argument in (("NPM_TOKEN", "x"), ("MIRROR", "hunter2")):
        world.args = (argument,)
        with pytest.raises(InvalidInput, match=r"image\.args"):
            world.build(release)
    assert world.server.traffic.requests == []
