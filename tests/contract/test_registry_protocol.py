"""What the stand-in and docker-registry answer alike to the same requests."""

import json
import uuid
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import served
from tests.contract.docker_engine import RegistryLogin
from tests.contract.oci import (
    ACCEPT,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    connect,
    descriptor,
    digest_of,
    error_code,
    finish_upload,
    image,
    push_blob,
    push_image,
    put_manifest,
    start_upload,
)


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLogin]:
    """The stand-in, with an account that may do everything."""
    accounts = [Account("robot", "secret", push=("",))]
    with served(Registry(tmp_path_factory.mktemp("registry"), accounts).app) as server:
        yield RegistryLogin(f"127.0.0.1:{server.port}", "robot", "secret")


@pytest.fixture(params=["stand_in", pytest.param("real_registry", marks=pytest.mark.docker)])
def client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client that may do everything, of each registry in turn."""
    registry: RegistryLogin = request.getfixturevalue(request.param)
    url = f"http://{registry.address}"
    with connect(url, registry.username, registry.password) as client:
        yield client


@pytest.fixture
def name() -> str:
    """A repository of the test alone; the registries outlive it."""
    return f"team/{uuid.uuid4().hex}"


def test_blob_comes_back_as_pushed(client: httpx.Client, name: str) -> None:
    content = b"layer" * 100_000
    digest = push_blob(client, name, content)["digest"]
    head = client.head(f"/v2/{name}/blobs/{digest}")
    assert head.status_code == 200
    assert head.headers["Docker-Content-Digest"] == digest
    assert head.headers["Content-Length"] == str(len(content))
    assert client.get(f"/v2/{name}/blobs/{digest}").content == content
    part = client.get(f"/v2/{name}/blobs/{digest}", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.content) == (206, b"layer")


def test_B44_percent_encoded_digest_is_accepted(client: httpx.Client, name: str) -> None:
    content = b"encoded"
    location = start_upload(client, name)
    encoded = quote(digest_of(content), safe="")
    separator = "&" if location.query else "?"
    pushed = client.put(f"{location}{separator}digest={encoded}", content=content)
    assert pushed.status_code == 201
    assert client.get(f"/v2/{name}/blobs/{encoded}").content == content


def test_blob_comes_in_chunks(client: httpx.Client, name: str) -> None:
    location = start_upload(client, name)
    for size, chunk in ((5, b"first"), (12, b" second")):
        answer = client.patch(location, content=chunk)
        assert answer.status_code == 202
        assert answer.headers["Range"] == f"0-{size - 1}"
        location = answer.url.join(answer.headers["Location"])
    status = client.get(location)
    assert (status.status_code, status.headers["Range"]) == (204, "0-11")
    content = b"first second third"
    location = status.url.join(status.headers["Location"])
    assert finish_upload(client, location, digest_of(content), b" third").status_code == 201
    assert client.get(f"/v2/{name}/blobs/{digest_of(content)}").content == content


def test_altered_upload_is_refused(client: httpx.Client, name: str) -> None:
    wanted = digest_of(b"what was meant")
    answer = finish_upload(client, start_upload(client, name), wanted, b"what arrived")
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")
    assert client.head(f"/v2/{name}/blobs/{wanted}").status_code == 404


def test_cancelled_upload_is_gone(client: httpx.Client, name: str) -> None:
    location = start_upload(client, name)
    assert client.delete(location).status_code == 204
    answer = finish_upload(client, location, digest_of(b"late"), b"late")
    assert (answer.status_code, error_code(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_blob_is_mounted_from_another_repository(client: httpx.Client, name: str) -> None:
    digest = push_blob(client, f"{name}/source", b"shared")["digest"]
    target = f"/v2/{name}/target/blobs/"
    assert client.head(target + digest).status_code == 404
    query = {"mount": digest, "from": f"{name}/source"}
    assert client.post(f"{target}uploads/", params=query).status_code == 201
    assert client.get(target + digest).content == b"shared"


def test_mount_of_an_unknown_blob_starts_an_upload(client: httpx.Client, name: str) -> None:
    query = {"mount": digest_of(b"nowhere"), "from": f"{name}/source"}
    answer = client.post(f"/v2/{name}/target/blobs/uploads/", params=query)
    assert answer.status_code == 202
    location = answer.url.join(answer.headers["Location"])
    pushed = finish_upload(client, location, digest_of(b"nowhere"), b"nowhere")
    assert pushed.status_code == 201


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, OCI_MANIFEST])
def test_manifest_comes_back_by_tag_and_by_digest(
    client: httpx.Client, name: str, media_type: str
) -> None:
    config, layer = push_blob(client, name, b"{}"), push_blob(client, name, b"layer")
    manifest = image(layer, config=config, media_type=media_type)
    pushed = put_manifest(client, name, "edge", manifest)
    assert (pushed.status_code, pushed.headers["Docker-Content-Digest"]) == (
        201,
        digest_of(manifest),
    )
    for reference in ("edge", digest_of(manifest)):
        for method in ("HEAD", "GET"):
            url = f"/v2/{name}/manifests/{reference}"
            answer = client.request(method, url, headers=ACCEPT)
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == media_type
            assert answer.headers["Docker-Content-Digest"] == digest_of(manifest)
            assert answer.content == (manifest if method == "GET" else b"")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_B28_oci_manifest_is_hidden_without_accept(
    client: httpx.Client, name: str, method: str
) -> None:
    digest = push_image(client, name, "edge", b"layer")
    for reference in ("edge", digest):
        url = f"/v2/{name}/manifests/{reference}"
        for headers in ({"Accept": "*/*"}, {"Accept": DOCKER_MANIFEST}):
            assert client.request(method, url, headers=headers).status_code == 404
        del client.headers["Accept"]
        assert client.request(method, url).status_code == 404
        client.headers["Accept"] = "*/*"
        assert client.request(method, url, headers={"Accept": OCI_MANIFEST}).status_code == 200


def test_B45_manifest_of_a_missing_blob_is_refused(client: httpx.Client, name: str) -> None:
    config = push_blob(client, name, b"{}")
    manifest = image(descriptor(b"never pushed"), config=config)
    answer = put_manifest(client, name, "1.0.0", manifest)
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")
    answer = client.get(f"/v2/{name}/manifests/1.0.0", headers=ACCEPT)
    assert (answer.status_code, error_code(answer)) == (404, "MANIFEST_UNKNOWN")


def test_index_takes_only_known_manifests(client: httpx.Client, name: str) -> None:
    digest = push_image(client, name, "amd64", b"layer")
    known = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    unknown = descriptor(b"never pushed", OCI_MANIFEST)
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [known]}
    assert put_manifest(client, name, "edge", json.dumps(index).encode()).status_code == 201
    index["manifests"] = [known, unknown]
    answer = put_manifest(client, name, "edge", json.dumps(index).encode())
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_manifest_under_a_wrong_digest_is_refused(client: httpx.Client, name: str) -> None:
    config = push_blob(client, name, b"{}")
    answer = put_manifest(client, name, digest_of(b"other"), image(config=config))
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_manifest_that_is_not_json_is_refused(client: httpx.Client, name: str) -> None:
    headers = {"Content-Type": OCI_MANIFEST}
    answer = client.put(f"/v2/{name}/manifests/edge", content=b"{", headers=headers)
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_INVALID")


def test_manifest_is_deleted_by_digest_only(client: httpx.Client, name: str) -> None:
    digest = push_image(client, name, "edge", b"layer")
    assert client.delete(f"/v2/{name}/manifests/edge").status_code == 400
    assert client.delete(f"/v2/{name}/manifests/{digest}").status_code == 202
    for reference in ("edge", digest):
        gone = client.get(f"/v2/{name}/manifests/{reference}", headers=ACCEPT)
        assert (gone.status_code, error_code(gone)) == (404, "MANIFEST_UNKNOWN")


def test_tags_are_listed(client: httpx.Client, name: str) -> None:
    for tag in ("b", "c", "a"):
        push_image(client, name, tag, b"layer")
    listed = client.get(f"/v2/{name}/tags/list").json()
    assert (listed["name"], sorted(listed["tags"])) == (name, ["a", "b", "c"])


def test_unknown_content_has_its_own_code(client: httpx.Client, name: str) -> None:
    blob = client.get(f"/v2/{name}/blobs/{digest_of(b'never pushed')}")
    assert (blob.status_code, error_code(blob)) == (404, "BLOB_UNKNOWN")
    tags = client.get(f"/v2/{name}/tags/list")
    assert (tags.status_code, error_code(tags)) == (404, "NAME_UNKNOWN")


def test_wrong_credentials_are_challenged(client: httpx.Client) -> None:
    assert client.get("/v2/").status_code == 200
    for auth in (("robot", "wrong"), ("nobody", "secret"), ("röbot", "ß:ß")):
        answer = client.get("/v2/", auth=auth)
        assert (answer.status_code, error_code(answer)) == (401, "UNAUTHORIZED")
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="')
