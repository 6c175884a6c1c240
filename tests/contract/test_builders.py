"""The contract of every builder: the same cases for layer assembler, Docker engine and buildah."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, free_port, served
from slipway.builders import builder_for
from slipway.builders.interface import Builder
from slipway.errors import Conflict, Final, InvalidInput, Retryable, Unauthorized
from slipway.service import ImageRules, LayerRules
from slipway.settings import Settings
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.images import COMMIT, NAME, OTHER, settings_for, source, stored, target
from tests.contract.oci import ACCEPT, digest_of

BuilderFor = Callable[..., Builder]
DOCKER = pytest.param("docker", marks=pytest.mark.docker)
of_dockerfiles = pytest.mark.parametrize("builder", ["buildah", DOCKER], indirect=True)


@pytest.fixture(params=["layer", "buildah", DOCKER])
def builder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BuilderFor:
    """Each builder in turn, for the settings of the test."""
    if request.param == "buildah":
        request.getfixturevalue("buildah")
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_address"))

    def make(settings: Settings, **changes: Any) -> Builder:
        rules = ImageRules(
            repository="127.0.0.1:1/unused",
            builder=request.param,
            layer=LayerRules(command=("/app/server",)),
            timeout=timedelta(seconds=40),
            **changes,
        )
        return builder_for(rules, settings)

    return make


@pytest.fixture(params=["login", pytest.param("real_registry", marks=pytest.mark.docker)])
def any_login(request: pytest.FixtureRequest) -> RegistryLogin:
    """The stand-in and docker-registry in turn."""
    found: RegistryLogin = request.getfixturevalue(request.param)
    return found


def test_B01_labels_say_version_revision_and_source(
    builder: BuilderFor, any_login: RegistryLogin, tmp_path: Path
) -> None:
    wanted = target(any_login, "1.2.1")
    builder(settings_for(any_login)).build(source(tmp_path / "s"), wanted)
    image = stored(any_login, NAME, "1.2.1")
    assert image
    assert wanted.labels.items() <= image.config["config"]["Labels"].items()
    assert image.config["config"]["Cmd"] == ["/app/server"]


def test_B25_digest_is_the_registry_s_and_the_manifest_s(
    builder: BuilderFor, any_login: RegistryLogin, tmp_path: Path
) -> None:
    wanted = target(any_login, "1.2.5")
    digest = builder(settings_for(any_login)).build(source(tmp_path / "s"), wanted)
    image = stored(any_login, NAME, "1.2.5")
    assert image
    assert digest == image.digest == image.head_digest
    assert {"app/server", "app/lib/books.txt"} <= image.files
    assert image.members["app/server"].mode & 0o111


def test_B11_ignored_and_secret_files_are_not_in_the_image(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        ".dockerignore": "docs\n!docs/keep.md\n# a comment\n!.env\n",
        "docs/left-out.md": "",
        "docs/keep.md": "kept",
        ".env": "TOKEN=x",
        "lib/.env.local": "TOKEN=x",
        "lib/server.key": "x",
        ".git/config": "x",
    }
    builder(settings_for(login)).build(source(tmp_path / "s", files), target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    inside = {name for name in image.files if name.startswith("app/")}
    assert inside - {"app/Dockerfile", "app/.dockerignore"} == {
        "app/server",
        "app/lib/books.txt",
        "app/docs/keep.md",
    }


def test_B11_allowed_files_are_in_the_image_and_the_others_are_not(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {"certs/ca.pem": "public", "certs/server.key": "x", ".env": "x"}
    folder = source(tmp_path / "s", files)
    builder(settings_for(login), allow=("certs/ca.pem",)).build(folder, target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert "app/certs/ca.pem" in image.files
    assert not {"app/certs/server.key", "app/.env"} & image.files


@of_dockerfiles
def test_B11_a_copy_that_misses_such_a_file_says_so(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    wanted, settings = target(login), settings_for(login)
    dockerfile = "FROM scratch\nCOPY certs/server.key /server.key\n"
    folder = source(tmp_path / "s", {"Dockerfile": dockerfile, "certs/server.key": "x"})
    with pytest.raises(Final, match=r"server\.key") as caught:
        builder(settings).build(folder, wanted)
    assert "left out because they look like keys: certs/server.key;" in caught.value.hint
    assert "image.allow" in caught.value.hint
    builder(settings, allow=("certs",)).build(folder, wanted)


@of_dockerfiles
def test_B12_arguments_reach_the_build_and_are_public(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    settings = settings_for(login)
    dockerfile = f"FROM scratch\nARG FLAVOUR\nLABEL {LABEL}=1 flavour=$FLAVOUR\nCOPY lib /lib\n"
    folder = source(tmp_path / "s", {"Dockerfile": dockerfile})
    builder(settings, args=(("FLAVOUR", "a = 'b'"),)).build(folder, target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.config["config"]["Labels"]["flavour"] == "a = 'b'"


def test_B14_several_platforms_make_an_index_or_a_clear_error(
    builder: BuilderFor, login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    platforms = ("linux/amd64", "linux/arm64")
    made = builder(settings_for(login), platforms=platforms)
    if made.name == "docker":
        with pytest.raises(InvalidInput, match="for one platform only"):
            made.build(source(tmp_path / "s"), target(login))
        assert not shelf.traffic.writes()
        return
    digest = made.build(source(tmp_path / "s"), target(login))
    auth, url = (login.username, login.password), f"http://{login.address}/v2/{NAME}/manifests/"
    answer = httpx.get(url + "1.2.0", auth=auth, headers=ACCEPT).raise_for_status()
    assert digest_of(answer.content) == answer.headers["Docker-Content-Digest"] == digest
    images = {e["platform"]["architecture"]: e["digest"] for e in answer.json()["manifests"]}
    found = {name: stored(login, NAME, reference) for name, reference in images.items()}
    assert {n: i.config["architecture"] for n, i in found.items() if i} == {
        "amd64": "amd64", "arm64": "arm64",
    }  # fmt: skip
    assert made.build(source(tmp_path / "s"), target(login)) == digest
    with pytest.raises(Conflict):
        made.build(source(tmp_path / "s"), target(login, revision=OTHER))


def test_B12_configuration_holds_no_secret(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    builder(settings_for(login)).build(source(tmp_path / "s"), target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert login.password not in json.dumps([image.config, image.document])


def test_B15_wrong_or_missing_credentials_are_final(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    for changes in (
        {"registry_password": SecretStr("wrong-secret")},
        {"registry_username": "", "registry_password": None},
    ):
        with pytest.raises(Unauthorized) as caught:
            builder(settings_for(login, **changes)).build(source(tmp_path / "s"), target(login))
        assert "wrong-secret" not in str(caught.value)


def test_B16_no_permission_to_push_is_final(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    reader = RegistryLogin(login.address, "reader", "another-secret")
    with pytest.raises(Unauthorized, match=f"no permission to push to {login.address}/{NAME}"):
        builder(settings_for(reader)).build(source(tmp_path / "s"), target(login))
    assert stored(login, NAME, "1.2.0") is None


def test_B18_registry_that_is_down_is_retryable(builder: BuilderFor, tmp_path: Path) -> None:
    nowhere = RegistryLogin(f"127.0.0.1:{free_port()}", "robot", "x")
    with pytest.raises(Retryable, match=f"127.0.0.1:{nowhere.address[10:]}"):
        builder(settings_for(nowhere)).build(source(tmp_path / "s"), target(nowhere))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_B19_busy_registry_is_retryable(
    status: int, builder: BuilderFor, login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    wait = (("Retry-After", "7"),)
    fault = Fault(method="PUT", path="/manifests/", status=status, headers=wait)
    shelf.traffic.faults.append(fault)
    with pytest.raises(Retryable) as caught:
        builder(settings_for(login)).build(source(tmp_path / "s"), target(login))
    if builder(settings_for(login)).name != "docker":  # the engine does not pass the time on
        assert caught.value.retry_after == 7
    assert stored(login, NAME, "1.2.0") is None


def test_B29_each_registry_s_own_digest_is_taken(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    accounts = [Account("robot", "not-a-real-secret", push=("team",))]
    with served(Registry(tmp_path / "second", accounts).app) as server:
        second = RegistryLogin(f"127.0.0.1:{server.port}", login.username, login.password)
        for registry in (login, second):
            files = source(tmp_path / registry.address, {"where": registry.address})
            digest = builder(settings_for(registry)).build(files, target(registry))
            image = stored(registry, NAME, "1.2.0")
            assert image
            assert image.head_digest == digest


def test_B34_version_of_another_commit_is_a_conflict(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    files = source(tmp_path / "s")
    first = builder(settings_for(login)).build(files, target(login))
    with pytest.raises(Conflict, match=COMMIT):
        builder(settings_for(login)).build(files, target(login, revision=OTHER))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.digest == first


def test_B35_same_image_again_is_a_success(
    builder: BuilderFor, login: RegistryLogin, tmp_path: Path
) -> None:
    files = source(tmp_path / "s")
    first = builder(settings_for(login)).build(files, target(login))
    assert builder(settings_for(login)).build(files, target(login)) == first


def test_B36_lost_answer_to_the_manifest_converges(
    builder: BuilderFor, login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    files = source(tmp_path / "s")
    fault = Fault(method="PUT", path="/manifests/", lose_answer=True)
    shelf.traffic.faults.append(fault)
    with pytest.raises(Retryable):
        builder(settings_for(login)).build(files, target(login))
    digest = builder(settings_for(login)).build(files, target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    assert image.digest == digest
    done = [r for r in shelf.traffic.writes() if "/manifests/" in r.path]
    assert len(done) == 1


def test_B13_context_over_the_limit_is_refused(
    builder: BuilderFor, login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    files = source(tmp_path / "s", {"assets/film": ""})
    os.truncate(files / "assets/film", 600 * 1024 * 1024)  # sparse: takes no disk
    with pytest.raises(InvalidInput, match=r"600\.0 MiB.*assets 600\.0 MiB"):
        builder(settings_for(login)).build(files, target(login))
    assert not shelf.traffic.writes()
