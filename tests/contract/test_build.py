"""The build step: from a release commit on a Git host to a digest in a registry."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway.build import build, find
from slipway.errors import Conflict, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.model import Image
from tests.contract.build_place import NAME, World, a_world, release
from tests.contract.images import stored
from tests.contract.oci import push_image


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


def test_B01_B25_B30_build_gives_an_image_by_digest(world: World) -> None:
    wanted = world.commit()
    image = world.build(wanted)
    found = stored(world.login, NAME, "1.2.0")
    assert found
    assert image.created
    assert image.reference == f"{world.login.address}/{NAME}@{found.head_digest}"
    assert found.config["config"]["Labels"] == {
        "org.opencontainers.image.created": "2026-11-03T12:00:00Z",
        "org.opencontainers.image.revision": wanted.sha,
        "org.opencontainers.image.source": f"{world.git_url}/acme/books",
        "org.opencontainers.image.title": "books-api",
        "org.opencontainers.image.url": f"{world.git_url}/acme/books",
        "org.opencontainers.image.version": "1.2.0",
    }
    assert found.files == {"app/Dockerfile", "app/server.py", "app/text"}


def test_B02_source_is_the_release_commit_not_the_tip(world: World) -> None:
    wanted = world.commit("released")
    first = world.build(wanted)
    world.commit("later")
    again = build(world.service, release(wanted.sha, "1.2.1"), world.settings)
    one, two = (stored(world.login, NAME, tag) for tag in ("1.2.0", "1.2.1"))
    assert one
    assert two
    assert one.config["rootfs"] == two.config["rootfs"]
    assert first.revision == again.revision == wanted.sha


def test_B33_known_version_is_used_without_build_or_push(world: World) -> None:
    wanted = world.commit()
    first = world.build(wanted)
    world.server.traffic.reset()
    again = world.build(wanted)
    assert not again.created
    assert again.digest == first.digest
    assert not world.server.traffic.writes()


def test_B34_version_of_another_commit_is_a_conflict(world: World) -> None:
    first = world.build(world.commit())
    other = world.commit("two")
    with pytest.raises(Conflict, match=rf"(?s)1\.2\.0.*{other.sha}.*{first.revision}"):
        world.build(other)
    assert find(world.service, release(first.revision), world.settings).digest == first.digest


def test_B34_version_that_does_not_say_its_commit_is_a_conflict(world: World) -> None:
    auth = (world.login.username, world.login.password)
    with httpx.Client(base_url=world.server.url, auth=auth) as client:
        push_image(client, NAME, "1.2.0", b"somebody else's")
    with pytest.raises(Conflict, match="does not say which commit"):
        world.build(world.commit())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="PUT", path="/blobs/", drop=True),
        Fault(method="PUT", path="/blobs/", lose_answer=True),
        Fault(method="PUT", path="/manifests/", drop=True),
        Fault(method="PUT", path="/manifests/", lose_answer=True),
        Fault(method="GET", path="/manifests/", status=503),
    ],
    ids=lambda fault: f"{fault.method}-{'lost' if fault.lose_answer else 'dropped'}",
)
def test_B36_next_run_converges_to_one_digest(fault: Fault, world: World) -> None:
    wanted = world.commit()
    world.server.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        world.build(wanted)
    image = world.build(wanted)
    found = stored(world.login, NAME, "1.2.0")
    assert found
    assert found.digest == image.digest
    assert world.pushes() == [f"/v2/{NAME}/manifests/1.2.0"]


def test_B37_two_runs_at_once_agree_on_one_digest(world: World) -> None:
    wanted, images = world.commit(), list[Image]()
    runs = [threading.Thread(target=lambda: images.append(world.build(wanted))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(images) == 2
    assert images[0].digest == images[1].digest


def test_B38_only_the_version_is_written(world: World) -> None:
    world.build(world.commit())
    assert world.pushes() == [f"/v2/{NAME}/manifests/1.2.0"]


def test_find_builds_nothing(world: World) -> None:
    with pytest.raises(NotFound, match=r"holds no version 1\.2\.0"):
        find(world.service, world.commit(), world.settings)
    assert not world.server.traffic.writes()


def test_B15_wrong_registry_password_stops_before_the_build(world: World) -> None:
    world.settings = world.settings.model_copy(update={"registry_password": SecretStr("wrong")})
    with pytest.raises(Unauthorized, match=r"127\.0\.0\.1"):
        world.build(world.commit())


def test_unknown_release_commit_is_named_and_nothing_is_pushed(world: World) -> None:
    world.commit()
    with pytest.raises(SlipwayError, match="c" * 40):
        world.build(release("c" * 40))
    assert not world.server.traffic.writes()


@pytest.mark.docker
def test_docker_builds_runs_are_used_again_and_never_overwritten(
    world: World, docker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_address)
    world.builder = "docker"
    wanted = world.commit()
    first, again = world.build(wanted), world.build(wanted)
    assert (first.created, again.created) == (True, False)
    assert first.digest == again.digest
    assert first.builder == "docker"
    with pytest.raises(Conflict):
        world.build(world.commit("two"))
