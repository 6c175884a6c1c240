"""Build secrets reach the step that asks for them, and nothing that lasts or can be seen."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.builders import builder_for
from slipway.errors import Final, InvalidInput
from slipway.service import ImageRules
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.images import NAME, Stored, settings_for, source, stored, target, tools
from tests.contract.shelf import assert_nothing_left, commands

SECRET = "build-secret-hunter2"
BASE = f"FROM scratch\nLABEL {LABEL}=1\nCOPY tools /\n"
MOUNTED = 'RUN --mount=type=secret,id=NPM_TOKEN ["/bin/sh", "-c", "{}"]\n'
LENGTH = "read -r x < /run/secrets/NPM_TOKEN; echo ${#x} > /length"
NAMES = ("NPM_TOKEN",)


@pytest.fixture(params=["buildah", pytest.param("docker", marks=pytest.mark.docker)])
def rules(
    request: pytest.FixtureRequest, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> ImageRules:
    """Each builder that runs commands, with one secret."""
    if request.param == "buildah":
        request.getfixturevalue("buildah")
    else:
        request.getfixturevalue("docker_engine")
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("docker_address"))
        monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")  # the packaged command first
    return ImageRules(repository="127.0.0.1:1/unused", builder=request.param, secrets=NAMES)


def build(rules: ImageRules, login: RegistryLogin, folder: Path, step: str) -> Stored:
    files: dict[str, str | bytes] = {
        **tools("sh", "cat"),
        "Dockerfile": BASE + MOUNTED.format(step),
    }
    settings = settings_for(login, build_secrets={"NPM_TOKEN": SecretStr(SECRET)})
    builder_for(rules, settings).build(source(folder / "s", files), target(login))
    image = stored(login, NAME, "1.2.0")
    assert image
    return image


@contextmanager
def arguments_watched() -> Iterator[list[str]]:
    """The command lines with the secret, looked for all the time until the block ends."""
    seen, done = list[str](), threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.extend(commands(SECRET))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def test_B12_X08_a_secret_reaches_its_step_and_nothing_else(
    rules: ImageRules, login: RegistryLogin, tmp_path: Path, scratch: Path
) -> None:
    with arguments_watched() as seen:
        image = build(rules, login, tmp_path, LENGTH)
    assert image.contents["length"] == f"{len(SECRET)}\n".encode()
    assert SECRET not in json.dumps([image.config, image.document])
    assert SECRET.encode() not in b"".join(image.contents.values())
    assert "run/secrets/NPM_TOKEN" not in image.files
    assert seen == []
    assert_nothing_left(scratch)


def test_B12_a_step_that_prints_its_secret_does_not_show_it(
    rules: ImageRules, login: RegistryLogin, tmp_path: Path, scratch: Path
) -> None:
    with pytest.raises(Final, match=r"\*\*\*") as caught:
        build(rules, login, tmp_path, "cat /run/secrets/NPM_TOKEN; echo; exit 4")
    assert SECRET not in str(caught.value)
    assert "correct the Dockerfile" in caught.value.hint
    assert_nothing_left(scratch)


def test_X14_a_secret_without_a_value_stops_before_the_build(
    rules: ImageRules, login: RegistryLogin, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="the build secret NPM_TOKEN has no value"):
        builder_for(rules, settings_for(login)).build(source(tmp_path / "s"), target(login))
    assert stored(login, NAME, "1.2.0") is None


def test_builds_without_commands_take_no_secrets(login: RegistryLogin, tmp_path: Path) -> None:
    rules = ImageRules(repository="127.0.0.1:1/unused", builder="layer", secrets=NAMES)
    with pytest.raises(InvalidInput, match="mean nothing to the builder 'layer'"):
        builder_for(rules, settings_for(login)).build(source(tmp_path / "s"), target(login))
