"""What only the layer builder does: one layer, the same bytes every time, on any base."""

import os
import platform
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, served
from slipway.builders import builder_for
from slipway.builders.interface import Builder
from slipway.errors import Final, InvalidInput, Retryable
from slipway.service import ImageRules, LayerRules
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.images import EXIT_3, NAME, program, settings_for, source, stored, target


@pytest.fixture
def layer() -> Callable[..., Builder]:
    """The layer builder with the rules of the test."""

    def make(
        login: RegistryLogin, platforms: tuple[str, ...] = ("linux/amd64",), **rules: object
    ) -> Builder:
        image = ImageRules(
            repository="127.0.0.1:1/unused",
            builder="layer",
            platforms=platforms,
            layer=LayerRules(**rules),
        )
        return builder_for(image, settings_for(login))

    return make


def test_B39_same_source_gives_the_same_digest(
    layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    one, two = source(tmp_path / "one"), source(tmp_path / "two", {"gone": ""})
    (two / "gone").unlink()
    os.utime(two / "server", (1, 1))
    (two / "lib").chmod(0o700)
    wanted = target(login)
    elsewhere = replace(wanted, repository=f"{login.address}/team/copy")
    assert layer(login).build(one, wanted) == layer(login).build(two, elsewhere)


def test_B23_dropped_upload_leaves_no_tag_and_a_retry_succeeds(
    layer: Callable[..., Builder], login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    shelf.traffic.faults.append(Fault(method="PUT", path="/blobs/uploads/", drop=True))
    with pytest.raises(Retryable):
        layer(login).build(source(tmp_path / "s"), target(login))
    assert stored(login, NAME, "1.2.0") is None
    digest = layer(login).build(source(tmp_path / "s"), target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.digest == digest


def test_blobs_that_are_there_are_not_sent_again(
    layer: Callable[..., Builder], login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    layer(login).build(source(tmp_path / "s"), target(login))
    shelf.traffic.reset()
    layer(login).build(source(tmp_path / "s"), target(login))
    assert not shelf.traffic.writes()


def test_layer_on_a_base_keeps_what_the_base_says(
    layer: Callable[..., Builder], login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    below = replace(target(login), repository=f"{login.address}/team/base")
    first = layer(login, include=("lib",), workdir="/base", env=(("A", "1"), ("B", "2")))
    base = first.build(source(tmp_path / "s"), below)
    second = layer(
        login, base=f"{login.address}/team/base:9@{base}", include=("server",), env=(("B", "3"),)
    )
    shelf.traffic.reset()
    second.build(source(tmp_path / "s"), target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.files == {"base/lib/books.txt", "app/server"}
    assert image.config["config"]["Env"] == ["A=1", "B=3"]
    assert image.config["config"]["WorkingDir"] == "/app"
    assert len(image.config["rootfs"]["diff_ids"]) == 2
    mounted = [r for r in shelf.traffic.requests if "mount=" in r.query]
    assert [r.status for r in mounted] == [201]


def test_B14_each_platform_of_a_base_gets_the_layer(
    layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    both = ("linux/amd64", "linux/arm64")
    below = replace(target(login), repository=f"{login.address}/team/base")
    base = layer(login, both, include=("lib",)).build(source(tmp_path / "s"), below)
    named = f"{login.address}/team/base@{base}"
    layer(login, ("linux/arm64",), base=named, include=("server",)).build(
        source(tmp_path / "s"), target(login)
    )
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.config["architecture"] == "arm64"
    assert image.files == {"app/lib/books.txt", "app/server"}
    wanted = target(login, "1.3.0")
    with pytest.raises(InvalidInput, match=r"has no image for linux/s390x"):
        layer(login, (*both, "linux/s390x"), base=named).build(source(tmp_path / "s"), wanted)
    assert stored(login, NAME, "1.3.0") is None


def test_B14_base_of_one_platform_is_not_taken_for_another(
    layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    below = replace(target(login), repository=f"{login.address}/team/base")
    base = layer(login, include=("lib",)).build(source(tmp_path / "s"), below)
    builder = layer(login, ("linux/arm64",), base=f"{login.address}/team/base@{base}")
    with pytest.raises(InvalidInput, match="has no image for linux/arm64"):
        builder.build(source(tmp_path / "s"), target(login))


def test_layer_on_a_base_of_another_registry_copies_its_blobs(
    layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    writer, anyone = Account("w", "w", push=("",)), Account("", "", pull=("",))
    with served(Registry(tmp_path / "second", [writer]).app) as server:
        second = RegistryLogin(f"127.0.0.1:{server.port}", "w", "w")
        base = layer(second, include=("lib",)).build(source(tmp_path / "s"), target(second))
    with served(Registry(tmp_path / "second", [anyone]).app) as server:
        address = f"127.0.0.1:{server.port}"
        rules = LayerRules(base=f"{address}/{NAME}@{base}", include=("server",))
        image = ImageRules(repository="127.0.0.1:1/unused", builder="layer", layer=rules)
        settings = settings_for(login, plain_http_registries=(login.address, address))
        builder_for(image, settings).build(source(tmp_path / "s"), target(login))
    found = stored(login, NAME, "1.2.0")
    assert found
    assert found.files == {"app/lib/books.txt", "app/server"}


@pytest.mark.parametrize("base", ["127.0.0.1:1/team/base:1", "base@sha256:" + "a" * 64])
def test_base_that_can_move_is_refused(
    base: str, layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="by digest"):
        layer(login, base=base).build(source(tmp_path / "s"), target(login))


def test_include_that_holds_nothing_is_refused(
    layer: Callable[..., Builder], login: RegistryLogin, tmp_path: Path
) -> None:
    with pytest.raises(Final, match="'dist' holds no file"):
        layer(login, include=("server", "dist")).build(source(tmp_path / "s"), target(login))


@pytest.mark.docker
@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs x86-64 code")
def test_real_engine_pulls_and_runs_the_image(
    docker_engine: docker.DockerClient, real_registry: RegistryLogin, tmp_path: Path
) -> None:
    files = source(tmp_path / "s", {"tool": program(EXIT_3)})
    (files / "tool").chmod(0o755)
    rules = LayerRules(include=("tool",), command=("/app/tool",))
    image = ImageRules(repository="127.0.0.1:1/unused", builder="layer", layer=rules)
    wanted = target(real_registry, "8.0.0")
    digest = builder_for(image, settings_for(real_registry)).build(files, wanted)
    login = {"username": real_registry.username, "password": real_registry.password}
    pulled = docker_engine.images.pull(f"{wanted.repository}@{digest}", auth_config=login)
    container = docker_engine.containers.create(pulled, network_mode="none", labels=[LABEL])
    container.start()
    assert container.wait()["StatusCode"] == 3
    container.remove()
