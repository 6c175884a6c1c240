"""A real Docker engine pushes to the stand-in and pulls from it.

No flag or daemon setting is needed: to Docker every registry on 127.0.0.0/8 may speak plain HTTP.
"""

import io
import os
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, served
from tests.contract.docker_engine import LABEL, RegistryLogin
from tests.contract.oci import ACCEPT, connect, digest_of

pytestmark = pytest.mark.docker

ACCOUNTS = (
    Account("robot", "secret", push=("",)),
    Account("reader", "secret", pull=("",)),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with served(Registry(tmp_path, ACCOUNTS).app) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with connect(server.url, "robot", "secret") as client:
        yield client


@pytest.fixture
def repository(server: Server) -> str:
    return f"127.0.0.1:{server.port}/team/app"


def test_pushed_image_is_pulled_by_digest(
    docker_engine: docker.DockerClient, client: httpx.Client, repository: str
) -> None:
    content = os.urandom(3_000_000)
    image_id = _build(docker_engine, f"{repository}:1.0.0", content)
    digest = _pushed_digest(_push(docker_engine, repository, "1.0.0"))
    manifest = client.get("/v2/team/app/manifests/1.0.0", headers=ACCEPT)
    assert digest == manifest.headers["Docker-Content-Digest"] == digest_of(manifest.content)

    docker_engine.images.remove(image_id, force=True)
    pulled = _pull(docker_engine, repository, digest)
    assert pulled.id == image_id
    assert _file_in(docker_engine, image_id) == content


def test_same_image_is_pulled_by_digest_from_both_registries(
    docker_engine: docker.DockerClient, real_registry: RegistryLogin, repository: str
) -> None:
    image_id = _build(docker_engine, f"{repository}:1.0.0", b"both")
    real = f"{real_registry.address}/team/{uuid.uuid4().hex}"
    docker_engine.images.get(image_id).tag(real, "1.0.0")
    login = {"username": real_registry.username, "password": real_registry.password}
    digest = _pushed_digest(_push(docker_engine, repository, "1.0.0"))
    assert _pushed_digest(_push(docker_engine, real, "1.0.0", login)) == digest
    docker_engine.images.remove(image_id, force=True)
    assert _pull(docker_engine, real, digest, login).id == image_id


def test_B15_wrong_password_is_refused(docker_engine: docker.DockerClient, repository: str) -> None:
    _build(docker_engine, f"{repository}:1.0.0", b"app")
    stranger = {"username": "robot", "password": "wrong"}
    assert "unauthorized" in _push_error(docker_engine, repository, "1.0.0", stranger)


def test_B16_push_without_the_right_is_denied(
    docker_engine: docker.DockerClient, repository: str
) -> None:
    _build(docker_engine, f"{repository}:1.0.0", b"app")
    reader = {"username": "reader", "password": "secret"}
    assert "denied" in _push_error(docker_engine, repository, "1.0.0", reader)


def test_B35_version_that_exists_is_not_overwritten(
    docker_engine: docker.DockerClient, repository: str
) -> None:
    _build(docker_engine, f"{repository}:2.0.0", b"first")
    digest = _pushed_digest(_push(docker_engine, repository, "2.0.0"))
    assert _pushed_digest(_push(docker_engine, repository, "2.0.0")) == digest
    _build(docker_engine, f"{repository}:2.0.0", b"second")
    refusal = _push_error(docker_engine, repository, "2.0.0")
    assert f"tag 2.0.0 already points at {digest}" in refusal


def test_B23_cut_connection_is_uploaded_again(
    docker_engine: docker.DockerClient, server: Server, repository: str
) -> None:
    _build(docker_engine, f"{repository}:1.0.0", os.urandom(100_000))
    server.traffic.faults.append(Fault(method="PATCH", drop=True))
    assert _pushed_digest(_push(docker_engine, repository, "1.0.0"))
    assert not server.traffic.faults[0].times


def _build(engine: docker.DockerClient, tag: str, content: bytes) -> str:
    """An image of one file, labelled for removal; returns its id."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        dockerfile = f"FROM scratch\nLABEL {LABEL}=\nCOPY content /content\n".encode()
        for name, data in (("Dockerfile", dockerfile), ("content", content)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    context.seek(0)
    image, _ = engine.images.build(
        fileobj=context, custom_context=True, tag=tag, rm=True, labels={LABEL: ""}
    )
    return str(image.id)


def _push(
    engine: docker.DockerClient, repository: str, tag: str, login: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """What the engine says while it pushes."""
    auth = login or {"username": "robot", "password": "secret"}
    return list(engine.api.push(repository, tag, auth_config=auth, stream=True, decode=True))


def _pushed_digest(lines: list[dict[str, Any]]) -> str:
    assert [line["error"] for line in lines if "error" in line] == []
    [digest] = [line["aux"]["Digest"] for line in lines if "Digest" in line.get("aux", {})]
    return str(digest)


def _push_error(
    engine: docker.DockerClient, repository: str, tag: str, login: dict[str, str] | None = None
) -> str:
    lines = _push(engine, repository, tag, login)
    assert not [line for line in lines if "Retrying" in line.get("status", "")]
    [error] = [line["error"] for line in lines if "error" in line]
    return str(error)


def _pull(
    engine: docker.DockerClient,
    repository: str,
    digest: str,
    login: dict[str, str] | None = None,
) -> Any:
    auth = login or {"username": "robot", "password": "secret"}
    return engine.images.pull(f"{repository}@{digest}", auth_config=auth)


def _file_in(engine: docker.DockerClient, image_id: str) -> bytes:
    """The bytes of the image's file, read without running it."""
    container = engine.containers.create(image_id, "none", labels=[LABEL])
    try:
        chunks, _ = container.get_archive("/content")
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile("content")
            assert member is not None
            return member.read()
    finally:
        container.remove(force=True)
