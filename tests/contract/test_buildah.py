"""What only buildah does: the same bytes every time, several platforms, nothing left behind."""

import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.serving import Fault, Server, free_port
from slipway.builders import builder_for
from slipway.errors import Final, InvalidInput, NotFound, Retryable, Unauthorized
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import (
    EXIT_3,
    NAME,
    program,
    settings_for,
    source,
    stored,
    target,
    tools,
)
from tests.contract.oci import ACCEPT, digest_of

pytestmark = pytest.mark.usefixtures("buildah")
needs_x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="runs x86-64 code")
RUN = 'FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\n'
Files = dict[str, str | bytes]


@pytest.fixture
def build(login: RegistryLogin, tmp_path: Path, scratch: Path) -> Callable[..., str]:
    """Build a source with buildah and push it to the stand-in."""

    def run(files: Files, version: str = "1.2.0", limit: float = 40, **rules: Any) -> str:
        image = ImageRules(
            repository=f"{login.address}/{NAME}",
            builder="buildah",
            timeout=timedelta(seconds=limit),
            **rules,
        )
        folder = tmp_path / f"s{version}"
        shutil.rmtree(folder, ignore_errors=True)
        builder = builder_for(image, settings_for(login))
        return builder.build(source(folder, files), target(login, version))

    return run


def index_of(login: RegistryLogin, reference: str) -> dict[str, Any]:
    auth = (login.username, login.password)
    url = f"http://{login.address}/v2/{NAME}/manifests/{reference}"
    document: dict[str, Any] = httpx.get(url, auth=auth, headers=ACCEPT).raise_for_status().json()
    return document


def test_B39_same_source_gives_the_same_digest(
    build: Callable[..., str], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build({"lib/extra": "x"}, "1.2.0")
    monkeypatch.setenv("STORAGE_DRIVER", "vfs")
    old = os.umask(0o077)
    try:
        assert build({"lib/extra": "x"}, "1.2.0") == first
    finally:
        os.umask(old)
    assert list(scratch.iterdir()) == []


def test_B39_another_registry_gets_the_same_digest(
    build: Callable[..., str], login: RegistryLogin, tmp_path: Path
) -> None:
    first = build({})
    rules = ImageRules(repository=f"{login.address}/team/copy", builder="buildah")
    elsewhere = replace(target(login), repository=f"{login.address}/team/copy")
    builder = builder_for(rules, settings_for(login))
    assert builder.build(source(tmp_path / "two"), elsewhere) == first


def test_B14_two_platforms_make_one_index(build: Callable[..., str], login: RegistryLogin) -> None:
    digest = build({}, platforms=("linux/amd64", "linux/arm64"))
    index = index_of(login, "1.2.0")
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    entries = {entry["platform"]["architecture"]: entry["digest"] for entry in index["manifests"]}
    assert set(entries) == {"amd64", "arm64"}
    for architecture, reference in entries.items():
        image = stored(login, NAME, reference)
        assert image
        assert image.config["architecture"] == architecture
        assert image.config["config"]["Labels"].items() >= target(login).labels.items()
        assert "app/server" in image.files
    assert build({}, platforms=("linux/amd64", "linux/arm64")) == digest


def test_B14_base_without_the_platform_is_refused(
    build: Callable[..., str], login: RegistryLogin
) -> None:
    base = build({}, "1.0.0")
    with pytest.raises(InvalidInput, match=r"base image is for linux/amd64, not for linux/arm64"):
        build({"Dockerfile": f"FROM {login.address}/{NAME}@{base}\n"}, platforms=("linux/arm64",))
    two = build({}, "1.0.1", platforms=("linux/amd64", "linux/arm64"))
    with pytest.raises(NotFound, match="no image found in"):
        build({"Dockerfile": f"FROM {login.address}/{NAME}@{two}\n"}, platforms=("linux/s390x",))


@needs_x86_64
def test_B14_command_of_another_platform_says_what_is_missing(build: Callable[..., str]) -> None:
    if Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists():
        pytest.skip("this machine runs arm64 programs")
    code = bytearray(program(EXIT_3))
    code[18:20] = b"\xb7\x00"  # ELF for arm64
    with pytest.raises(Final, match="RUN /tool") as caught:
        build({"Dockerfile": RUN, "tool": bytes(code)}, platforms=("linux/arm64",))
    assert "qemu-user-static" in caught.value.hint


def test_base_of_the_own_registry_is_pulled_with_the_credential(
    build: Callable[..., str], login: RegistryLogin
) -> None:
    base = build({"Dockerfile": "FROM scratch\nCOPY lib /below\n"}, "1.0.0")
    build({"Dockerfile": f"FROM {login.address}/{NAME}@{base}\nCOPY server /app/server\n"}, "1.1.0")
    image = stored(login, NAME, "1.1.0")
    assert image
    assert image.files == {"below/books.txt", "app/server"}


@pytest.mark.parametrize(
    ("dockerfile", "kind", "said"),
    [
        ("FROM scratch\nFORM here\n", Final, "Dockerfile line 2: .*Unknown instruction"),
        ("FROM scratch\nCOPY nothing /\n", Final, "(?s)Dockerfile line 2: .*lines of the log"),
        ("FROM {own}/team/base:9\n", NotFound, "manifest unknown"),
        ("FROM {dead}/team/base:1\n", Retryable, "connection refused"),
    ],
)
def test_B03_B04_failures_are_told_apart(
    dockerfile: str, kind: type[Exception], said: str, build: Callable[..., str],
    login: RegistryLogin, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    dead = f"127.0.0.1:{free_port()}"
    text = dockerfile.format(own=login.address, dead=dead)
    with pytest.raises(kind, match=said):
        build({"Dockerfile": text})


@needs_x86_64
def test_B04_failing_command_is_final_with_its_line(build: Callable[..., str]) -> None:
    with pytest.raises(Final, match=r"Dockerfile line 3: .*RUN /tool.*exit status 3"):
        build({"Dockerfile": RUN, "tool": program(EXIT_3)})


@pytest.mark.parametrize("status", [429, 503])
def test_B04_busy_registry_of_the_base_is_retryable(
    status: int, build: Callable[..., str], login: RegistryLogin, shelf: Server
) -> None:
    shelf.traffic.faults.append(Fault(path="/team/base/", status=status, times=-1))
    with pytest.raises(Retryable, match=str(status)):
        build({"Dockerfile": f"FROM {login.address}/team/base:1\n"})


def test_B04_base_that_may_not_be_read_is_final(
    build: Callable[..., str], login: RegistryLogin
) -> None:
    with pytest.raises(Unauthorized, match="denied") as caught:
        build({"Dockerfile": f"FROM {login.address}/other/base:1\n"})
    assert login.password not in str(caught.value)


def test_X29_dockerfile_cannot_name_an_image_of_the_worker_s_disk(
    build: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    # A name with capitals would be refused for these.
    blobs = tmp_path_factory.mktemp("host") / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(document: dict[str, Any], media_type: str) -> dict[str, Any]:
        content = json.dumps(document).encode()
        digest = digest_of(content)
        (blobs / digest.removeprefix("sha256:")).write_bytes(content)
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    config = put(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}},
        "application/vnd.oci.image.config.v1+json",
    )
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = put({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []}, kind)
    (blobs.parent.parent / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (blobs.parent.parent / "index.json").write_text(
        json.dumps({"schemaVersion": 2, "manifests": [manifest]})
    )
    with pytest.raises(InvalidInput, match="rejected by policy"):
        build({"Dockerfile": f"FROM oci:{blobs.parent.parent}\nCOPY . /\n"})


@needs_x86_64
@pytest.mark.skipif(os.geteuid() != 0, reason="without root, a user namespace is the wall")
def test_X29_a_step_sees_neither_our_environment_nor_our_processes(
    build: Callable[..., str], login: RegistryLogin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", "not-for-the-build")
    look = "cat /proc/*/environ > /seen; for p in /proc/[0-9]*; do echo $p >> /processes; done"
    build(
        {"Dockerfile": f'FROM scratch\nCOPY tools /\nRUN ["/bin/sh", "-c", "{look}; true"]\n',
         **tools("sh", "cat")}
    )  # fmt: skip
    image = stored(login, NAME, "1.2.0")
    assert image
    assert b"not-for-the-build" not in image.contents["seen"]
    assert f"/proc/{os.getpid()}\n".encode() not in image.contents["processes"]


def test_missing_buildah_is_final(
    build: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Final, match="buildah was not found"):
        build({})
