"""The Docker client against a real engine, and against one that misbehaves as recorded."""

import asyncio
import json
import os
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import docker
import pytest
from pydantic import SecretStr

from sandbox.serving import Receive, Scope, Send, free_port, served
from slipway.builders import builder_for
from slipway.clients.docker import Engine
from slipway.clients.registry_auth import Access, Credential
from slipway.errors import Conflict, Final, InvalidInput, NotFound, Retryable, Unauthorized
from slipway.service import ImageRules
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.images import (
    COMMIT,
    EXIT_3,
    NAME,
    OTHER,
    PAUSE,
    program,
    settings_for,
    source,
    stored,
    target,
)
from tests.contract.shelf import commands, until

needs_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs x86-64 code")
RUN = f'FROM scratch\nLABEL {LABEL}=1\nCOPY tool /tool\nRUN ["/tool"]\n'
Build = Callable[..., str]


@pytest.fixture
def build(
    docker_engine: docker.DockerClient,
    docker_address: str,
    real_registry: RegistryLogin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Build:
    """Build a source with the real engine and push it to the real registry."""
    monkeypatch.setenv("DOCKER_HOST", docker_address)

    def run(
        files: dict[str, str | bytes],
        version: str = "9.0.0",
        limit: float = 30,
        secrets: tuple[str, ...] = (),
    ) -> str:
        rules = ImageRules(
            repository=f"{real_registry.address}/{NAME}",
            timeout=timedelta(seconds=limit),
            secrets=secrets,
        )
        folder = source(tmp_path / "s", files)
        if "tool" in files:
            (folder / "tool").chmod(0o755)
        values = {name: SecretStr("hunter2") for name in secrets}
        builder = builder_for(rules, settings_for(real_registry, build_secrets=values))
        return builder.build(folder, target(real_registry, version))

    return run


@pytest.mark.docker
def test_B03_unknown_instruction_is_final_with_file_and_line(build: Build) -> None:
    with pytest.raises(Final, match=r"from Dockerfile: .*line 2: unknown instruction: FORM"):
        build({"Dockerfile": "FROM scratch\nFORM here\n"})


@pytest.mark.docker
def test_B03_missing_dockerfile_is_final(build: Build) -> None:
    with pytest.raises(InvalidInput, match="Dockerfile: the Dockerfile is empty"):
        build({"Dockerfile": "\n"})


@pytest.mark.docker
def test_B04_copy_of_a_missing_file_is_final_with_the_log(build: Build) -> None:
    with pytest.raises(Final, match=r"(?s)COPY failed.*lines of the log:.*COPY nothing"):
        build({"Dockerfile": f"FROM scratch\nLABEL {LABEL}=1\nCOPY nothing /\n"})


@pytest.mark.docker
@needs_x86_64
def test_B04_failing_command_is_final(build: Build, docker_engine: docker.DockerClient) -> None:
    with pytest.raises(Final, match="non-zero code: 3"):
        build({"Dockerfile": RUN, "tool": program(EXIT_3)})
    assert not docker_engine.containers.list(all=True, filters={"label": LABEL})


@pytest.mark.docker
def test_B04_base_that_cannot_be_reached_is_retryable(build: Build) -> None:
    with pytest.raises(Retryable, match="connection refused"):
        build({"Dockerfile": f"FROM 127.0.0.1:{free_port()}/team/base:1\nLABEL {LABEL}=1\n"})


@pytest.mark.docker
@needs_x86_64
def test_B07_B10_silent_command_is_ended_and_removed(
    build: Build, docker_engine: docker.DockerClient
) -> None:
    with pytest.raises(Final, match="ended after 2 s"):
        build({"Dockerfile": RUN, "tool": program(PAUSE)}, limit=2)
    labelled = {"all": True, "filters": {"label": LABEL}, "ignore_removed": True}
    assert until(lambda: not docker_engine.containers.list(**labelled)), "the container still runs"


@pytest.mark.docker
@needs_x86_64
@pytest.mark.parametrize("secrets", [(), ("NPM_TOKEN",)], ids=["sdk", "buildkit"])
def test_B10_cancelled_build_leaves_no_process_container_or_tag(
    secrets: tuple[str, ...], build: Build, docker_engine: docker.DockerClient,
    real_registry: RegistryLogin, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")  # the packaged command first

    def cancel() -> None:
        assert until(lambda: "/cancelled " in commands("/cancelled"))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=cancel)
    thread.start()
    files = {"Dockerfile": RUN.replace("/tool", "/cancelled"), "tool": program(PAUSE)}
    with pytest.raises(KeyboardInterrupt):
        build(files, "9.3.0", secrets=secrets)
    thread.join()
    assert until(lambda: "/cancelled " not in commands("/cancelled")), "the step still runs"
    labelled = {"all": True, "filters": {"label": LABEL}, "ignore_removed": True}
    assert until(lambda: not docker_engine.containers.list(**labelled))
    assert not docker_engine.images.list(f"{real_registry.address}/{NAME}:9.3.0")
    assert stored(real_registry, NAME, "9.3.0") is None


@pytest.mark.docker
def test_B17_image_that_is_not_there_is_final(
    docker_engine: docker.DockerClient,
    docker_address: str,
    real_registry: RegistryLogin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_address)
    credential = settings_for(real_registry).registry_password
    assert credential
    login = Credential(real_registry.username, credential)
    with Engine(20) as engine, pytest.raises(NotFound):
        engine.push(f"{real_registry.address}/team/never-built", "1.0.0", login)


@pytest.mark.docker
def test_B24_wrong_password_is_final(
    docker_engine: docker.DockerClient,
    docker_address: str,
    real_registry: RegistryLogin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_address)
    wrong = settings_for(real_registry._replace(password="wrong-secret")).registry_password
    assert wrong
    with Engine(20) as engine, pytest.raises(Unauthorized) as caught:
        engine.login(Access(real_registry.address, Credential(real_registry.username, wrong)))
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.docker
def test_B26_digest_is_not_the_engine_s_image_id(
    build: Build, docker_engine: docker.DockerClient, real_registry: RegistryLogin
) -> None:
    digest = build({"lib/extra": "x"}, "9.1.0")
    local = docker_engine.images.get(f"{real_registry.address}/{NAME}:9.1.0")
    assert digest != local.id
    image = stored(real_registry, NAME, "9.1.0")
    assert image
    assert digest == image.head_digest


@pytest.mark.docker
def test_failed_push_leaves_no_tag_in_the_engine(
    docker_engine: docker.DockerClient,
    build: Build,
    real_registry: RegistryLogin,
    tmp_path: Path,
) -> None:
    build({"lib/extra": "y"}, "9.2.0")
    docker_engine.images.remove(f"{real_registry.address}/{NAME}:9.2.0")
    rules = ImageRules(repository=f"{real_registry.address}/{NAME}")
    builder = builder_for(rules, settings_for(real_registry))
    with pytest.raises(Conflict, match=COMMIT):
        builder.build(tmp_path / "s", target(real_registry, "9.2.0", OTHER))
    tags = [tag for image in docker_engine.images.list() for tag in image.tags]
    assert f"{real_registry.address}/{NAME}:9.2.0" not in tags


def test_B08_absent_engine_is_final_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(Final, match=f"cannot reach the Docker engine at {address}"):
        build_with(tmp_path)


# An engine that says what a test wants


@dataclass
class Script:
    """What the engine says to /build, and whether it then ends, hangs or dies."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    then: str = "end"

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        json_type = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": json_type})
        if not scope["path"].endswith("/build"):
            await send(
                {
                    "type": "http.response.body",
                    "body": b'{"ApiVersion": "1.41", "Os": "linux", "Arch": "amd64"}',
                }
            )
            return
        for line in self.lines:
            body = json.dumps(line).encode() + b"\r\n"
            await send({"type": "http.response.body", "body": body, "more_body": True})
        if self.then == "hang":
            await asyncio.sleep(20)
        if self.then == "end":
            await send({"type": "http.response.body"})
        # else: the answer is cut off, as by a killed engine


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    found = Script([{"stream": "Step 1/9 : FROM scratch\n"}])
    with served(found.app) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.port}")
        yield found


def build_with(folder: Path, limit: float = 20) -> str:
    nowhere = RegistryLogin("127.0.0.1:1", "", "")
    rules = ImageRules(repository=f"127.0.0.1:1/{NAME}", timeout=timedelta(seconds=limit))
    return builder_for(rules, settings_for(nowhere)).build(source(folder / "s"), target(nowhere))


def test_B05_error_line_of_a_good_answer_is_a_failure(script: Script, tmp_path: Path) -> None:
    script.lines.append({"errorDetail": {"code": 1}, "error": "returned a non-zero code: 1"})
    with pytest.raises(Final, match=r"(?s)non-zero code: 1.*Step 1/9"):
        build_with(tmp_path)


def test_B07_endless_silence_is_ended(script: Script, tmp_path: Path) -> None:
    script.then = "hang"
    with pytest.raises(Final, match="ended after 1 s"):
        build_with(tmp_path, limit=1)


def test_B09_engine_killed_in_the_middle_is_retryable(script: Script, tmp_path: Path) -> None:
    script.then = "die"
    with pytest.raises(Retryable, match="engine"):
        build_with(tmp_path)


def test_B22_answer_that_names_no_image_is_a_failure(script: Script, tmp_path: Path) -> None:
    with pytest.raises(Retryable, match="before it named an image"):
        build_with(tmp_path)
