"""What the registry stand-in adds: versions that never move, and nothing half done or mixed up."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, served
from tests.contract.oci import (
    ACCEPT,
    OCI_MANIFEST,
    connect,
    digest_of,
    error_code,
    finish_upload,
    image,
    push_blob,
    push_image,
    put_manifest,
    send_chunk,
    start_upload,
)

ACCOUNTS = (Account("robot", "secret", push=("",)),)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(Registry(tmp_path_factory.mktemp("registry"), ACCOUNTS).app) as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with connect(server.url, "robot", "secret") as client:
        yield client


@contextlib.contextmanager
def _pushing_to(registry: Registry) -> Iterator[httpx.Client]:
    with served(registry.app) as server, connect(server.url, "robot", "secret") as client:
        yield client


@pytest.mark.parametrize("tag", ["2.0.0", "v2.0.0", "2.1.0-rc.1", "2.1.0_build.7"])
def test_B35_version_never_moves(client: httpx.Client, tag: str, name: str) -> None:
    first = push_image(client, name, tag, b"first")
    config, layer = push_blob(client, name, b"{}"), push_blob(client, name, b"second")
    refused = put_manifest(client, name, tag, image(layer, config=config))
    assert (refused.status_code, error_code(refused)) == (409, "DENIED")
    assert f"tag {tag} already points at {first}" in refused.text
    head = client.head(f"/v2/{name}/manifests/{tag}", headers=ACCEPT)
    assert head.headers["Docker-Content-Digest"] == first
    assert push_image(client, name, tag, b"first") == first


@pytest.mark.parametrize("tag", ["edge", "2.0", "02.0.0", "sha256-abc.att"])
def test_other_tags_move(client: httpx.Client, tag: str, name: str) -> None:
    push_image(client, name, tag, b"first")
    second = push_image(client, name, tag, b"second")
    head = client.head(f"/v2/{name}/manifests/{tag}", headers=ACCEPT)
    assert head.headers["Docker-Content-Digest"] == second


def test_B37_of_many_writers_of_a_version_one_wins(client: httpx.Client, name: str) -> None:
    config = push_blob(client, name, b"{}")
    layers = [push_blob(client, name, f"writer {number}".encode()) for number in range(8)]
    manifests = [image(layer, config=config) for layer in layers]
    with ThreadPoolExecutor(8) as writers:
        answers = list(
            writers.map(lambda item: put_manifest(client, name, "3.0.0", item), manifests)
        )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    [winner] = [answer for answer in answers if answer.status_code == 201]
    head = client.head(f"/v2/{name}/manifests/3.0.0", headers=ACCEPT)
    assert head.headers["Docker-Content-Digest"] == winner.headers["Docker-Content-Digest"]


def test_blobs_pushed_at_once_do_not_mix(client: httpx.Client, name: str) -> None:
    contents = [bytes([number]) * 500_000 for number in range(16)]
    with ThreadPoolExecutor(8) as writers:
        pushed = list(writers.map(lambda content: push_blob(client, name, content), contents))
    for blob, content in zip(pushed, contents, strict=True):
        assert client.get(f"/v2/{name}/blobs/{blob['digest']}").content == content


def test_one_blob_pushed_by_many_at_once_is_whole(client: httpx.Client, name: str) -> None:
    content = os.urandom(2_000_000)
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda _: push_blob(client, name, content), range(8)))
    assert client.get(f"/v2/{name}/blobs/{digest_of(content)}").content == content


def test_of_two_senders_of_a_chunk_one_is_out_of_order(client: httpx.Client, name: str) -> None:
    content = os.urandom(2_000_000)
    location = start_upload(client, name)
    with ThreadPoolExecutor(4) as senders:
        answers = list(senders.map(lambda _: send_chunk(client, location, content, 0), range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 416, 416, 416]
    assert finish_upload(client, location, digest_of(content)).status_code == 201


def test_B23_upload_cut_off_leaves_no_blob(client: httpx.Client, server: Server, name: str) -> None:
    content = os.urandom(1_000_000)
    location = start_upload(client, name)
    with pytest.raises(RuntimeError, match="cut"):
        finish_upload(client, location, digest_of(content), _cut(content))  # type: ignore[arg-type]
    assert client.head(f"/v2/{name}/blobs/{digest_of(content)}").status_code == 404
    assert push_blob(client, name, content)["digest"] == digest_of(content)


def test_lost_answer_of_a_push_is_repeated_safely(
    client: httpx.Client, server: Server, name: str
) -> None:
    server.traffic.faults.append(Fault(method="PUT", path="/manifests/", lose_answer=True))
    with pytest.raises(httpx.TransportError):
        push_image(client, name, "1.0.0", b"layer")
    push_image(client, name, "1.0.0", b"layer")


def test_content_survives_a_restart(tmp_path: Path, name: str) -> None:
    with _pushing_to(Registry(tmp_path, ACCOUNTS)) as client:
        digest = push_image(client, name, "1.0.0", b"layer")
        start_upload(client, name)  # left open
    with _pushing_to(Registry(tmp_path, ACCOUNTS)) as client:
        head = client.head(f"/v2/{name}/manifests/1.0.0", headers=ACCEPT)
    assert head.headers["Docker-Content-Digest"] == digest
    assert not list((tmp_path / "uploads").iterdir())


_SERVER = """
import sys, time
from pathlib import Path
from sandbox.registry.api import Account, Registry
from sandbox.serving import served
with served(Registry(Path(sys.argv[1]), [Account("robot", "secret", push=("",))]).app) as server:
    print(server.url, flush=True)
    time.sleep(60)
"""


def test_registry_killed_in_the_middle_of_a_push_holds_nothing_half(
    tmp_path: Path, name: str
) -> None:
    content = os.urandom(1_000_000)
    command = [sys.executable, "-c", _SERVER, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout
        with connect(killed.stdout.readline().strip(), "robot", "secret") as client:
            kept = push_image(client, name, "1.0.0", b"layer")
            location = start_upload(client, name)
            with pytest.raises(httpx.TransportError):
                finish_upload(client, location, digest_of(content), _kill(killed, content))  # type: ignore[arg-type]
    with _pushing_to(Registry(tmp_path, ACCOUNTS)) as client:
        head = client.head(f"/v2/{name}/manifests/1.0.0", headers=ACCEPT)
        assert head.headers["Docker-Content-Digest"] == kept
        assert client.head(f"/v2/{name}/blobs/{digest_of(content)}").status_code == 404
        assert client.patch(location.path).status_code == 404
        assert not list((tmp_path / "uploads").iterdir())
        push_blob(client, name, content)
        assert client.get(f"/v2/{name}/blobs/{digest_of(content)}").content == content


def test_B40_registry_without_a_referrers_api(tmp_path: Path, name: str) -> None:
    with _pushing_to(Registry(tmp_path, ACCOUNTS, referrers=False)) as client:
        subject = push_image(client, name, "1.0.0", b"layer")
        config = push_blob(client, name, b"{}")
        about = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1}
        answer = put_manifest(client, name, "proof", image(config=config, subject=about))
        assert answer.status_code == 201
        assert "OCI-Subject" not in answer.headers
        assert client.get(f"/v2/{name}/referrers/{subject}").status_code == 404


def _kill(server: "subprocess.Popen[str]", content: bytes) -> Iterator[bytes]:
    """Half of `content`, then the end of the server, then the rest."""
    yield content[: len(content) // 2]
    server.kill()
    server.wait()
    yield content[len(content) // 2 :]


def _cut(content: bytes) -> Iterator[bytes]:
    """Half of `content`, then the end of the connection."""
    yield content[: len(content) // 2]
    raise RuntimeError("cut")
