"""What the registry stand-in adds: versions that never move, referrers, pages of tags."""

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Fault, Server, served
from tests.contract.oci import (
    ACCEPT,
    OCI_INDEX,
    OCI_MANIFEST,
    connect,
    digest_of,
    error_code,
    finish_upload,
    image,
    push_blob,
    push_image,
    put_manifest,
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


@pytest.fixture
def name() -> str:
    """A repository of the test alone; the registry outlives it."""
    return f"team/{uuid.uuid4().hex}"


@contextlib.contextmanager
def _pushing_to(registry: Registry) -> Iterator[httpx.Client]:
    with served(registry.app) as server, connect(server.url, "robot", "secret") as client:
        yield client


@pytest.mark.parametrize("tag", ["2.0.0", "v2.0.0", "2.1.0-rc.1", "2.1.0_build.7"])
def test_B35_version_never_moves(client: httpx.Client, tag: str, name: str) -> None:
    first = push_image(client, name, tag, b"first")
    config, layer = push_blob(client, name, b"{}"), push_blob(client, name, b"second")
    refused = put_manifest(client, name, tag, image(layer, config=config))
    assert (refused.status_code, error_code(refused)) == (409, "TAG_IMMUTABLE")
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


def test_blob_comes_in_one_request(client: httpx.Client, name: str) -> None:
    query = {"digest": digest_of(b"at once")}
    answer = client.post(f"/v2/{name}/blobs/uploads/", params=query, content=b"at once")
    assert answer.status_code == 201
    assert client.get(answer.headers["Location"]).content == b"at once"


def test_chunk_out_of_order_is_refused(client: httpx.Client, name: str) -> None:
    location = start_upload(client, name)
    client.patch(location, content=b"first", headers={"Content-Range": "0-4"})
    late = client.patch(location, content=b"third", headers={"Content-Range": "10-14"})
    assert (late.status_code, error_code(late)) == (416, "BLOB_UPLOAD_INVALID")
    assert client.get(location).headers["Range"] == "0-4"
    client.patch(location, content=b"other", headers={"Content-Range": "5-9"})
    answer = finish_upload(client, location, digest_of(b"firstother"))
    assert answer.status_code == 201


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


def test_tags_come_in_pages(client: httpx.Client, name: str) -> None:
    for tag in ("b", "c", "a"):
        push_image(client, name, tag, b"layer")
    first = client.get(f"/v2/{name}/tags/list", params={"n": 2})
    assert first.json() == {"name": name, "tags": ["a", "b"]}
    second = client.get(first.links["next"]["url"])
    assert second.json()["tags"] == ["c"]
    assert "next" not in second.links
    assert client.get(f"/v2/{name}/tags/list", params={"n": "all"}).status_code == 400


def test_referrers_are_listed_by_subject_and_type(client: httpx.Client, name: str) -> None:
    subject = push_image(client, name, "1.0.0", b"layer")
    config = push_blob(client, name, b"{}")
    about = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1}
    note = {"created-by": "a test"}
    for kind in ("application/sbom", "application/proof"):
        manifest = image(config, config=config, subject=about, artifactType=kind, annotations=note)
        answer = put_manifest(client, name, digest_of(manifest), manifest)
        assert (answer.status_code, answer.headers["OCI-Subject"]) == (201, subject)
    listed = client.get(f"/v2/{name}/referrers/{subject}")
    assert listed.headers["Content-Type"] == OCI_INDEX
    kinds = {item["artifactType"] for item in listed.json()["manifests"]}
    assert kinds == {"application/sbom", "application/proof"}
    query = {"artifactType": "application/proof"}
    filtered = client.get(f"/v2/{name}/referrers/{subject}", params=query)
    assert filtered.headers["OCI-Filters-Applied"] == "artifactType"
    [proof] = filtered.json()["manifests"]
    assert proof["annotations"] == note
    assert client.delete(f"/v2/{name}/manifests/{proof['digest']}").status_code == 202
    assert len(client.get(f"/v2/{name}/referrers/{subject}").json()["manifests"]) == 1


def test_image_without_referrers_has_an_empty_list(client: httpx.Client, name: str) -> None:
    subject = push_image(client, name, "1.0.0", b"layer")
    listed = client.get(f"/v2/{name}/referrers/{subject}")
    assert (listed.status_code, listed.json()["manifests"]) == (200, [])


def test_B40_registry_without_a_referrers_api(tmp_path: Path, name: str) -> None:
    with _pushing_to(Registry(tmp_path, ACCOUNTS, referrers=False)) as client:
        subject = push_image(client, name, "1.0.0", b"layer")
        config = push_blob(client, name, b"{}")
        about = {"mediaType": OCI_MANIFEST, "digest": subject, "size": 1}
        answer = put_manifest(client, name, "proof", image(config=config, subject=about))
        assert answer.status_code == 201
        assert "OCI-Subject" not in answer.headers
        assert client.get(f"/v2/{name}/referrers/{subject}").status_code == 404


@pytest.mark.parametrize(
    "manifest",
    [
        {"mediaType": "application/vnd.example"},
        {"mediaType": OCI_MANIFEST},
        {"mediaType": OCI_MANIFEST, "config": "none", "layers": []},
        {"mediaType": OCI_INDEX, "manifests": ["none"]},
        {"mediaType": OCI_INDEX, "manifests": [], "subject": {}},
    ],
)
def test_malformed_manifest_is_refused(
    client: httpx.Client, manifest: dict[str, object], name: str
) -> None:
    answer = put_manifest(client, name, "edge", json.dumps(manifest).encode())
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("Team/manifests/edge", "NAME_INVALID"),
        ("team/%2e%2e/manifests/edge", "NAME_INVALID"),
        ("team/blobs/sha256:short", "DIGEST_INVALID"),
        ("team/manifests/md5:0", "DIGEST_INVALID"),
    ],
)
def test_malformed_names_are_refused(client: httpx.Client, path: str, code: str) -> None:
    answer = client.get(f"/v2/{path}")
    assert (answer.status_code, error_code(answer)) == (400, code)


def _cut(content: bytes) -> Iterator[bytes]:
    """Half of `content`, then the end of the connection."""
    yield content[: len(content) // 2]
    raise RuntimeError("cut")
