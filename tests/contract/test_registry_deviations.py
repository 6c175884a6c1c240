"""What docker-registry 2.8 does in another way than the stand-in, and clients have to live with."""

from collections.abc import Iterator

import httpx
import pytest

from tests.contract.docker_engine import RegistryLogin
from tests.contract.oci import (
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    connect,
    descriptor,
    digest_of,
    error_code,
    finish_upload,
    image,
    place,
    push_blob,
    push_image,
    put_manifest,
    send_chunk,
    start_upload,
)

pytestmark = pytest.mark.docker


@pytest.fixture
def client(real_registry: RegistryLogin) -> Iterator[httpx.Client]:
    url = f"http://{real_registry.address}"
    with connect(url, real_registry.username, real_registry.password) as client:
        yield client


@pytest.mark.parametrize("method", ["HEAD", "GET"])
@pytest.mark.parametrize("accept", ["", "*/*", DOCKER_MANIFEST])
def test_B28_it_hides_oci_manifests_from_who_does_not_name_them(
    client: httpx.Client, name: str, method: str, accept: str
) -> None:
    digest = push_image(client, name, "edge", b"layer")
    client.headers.pop("Accept")
    for reference in ("edge", digest):
        url = f"/v2/{name}/manifests/{reference}"
        headers = {"Accept": accept} if accept else {}
        assert client.request(method, url, headers=headers).status_code == 404
        assert client.request(method, url, headers={"Accept": OCI_MANIFEST}).status_code == 200


def test_B40_it_has_no_referrers_api(client: httpx.Client, name: str) -> None:
    subject = descriptor(b"subject", OCI_MANIFEST)
    manifest = image(config=push_blob(client, name, b"{}"), subject=subject)
    answer = put_manifest(client, name, digest_of(manifest), manifest)
    assert answer.status_code == 201
    assert "OCI-Subject" not in answer.headers
    assert client.get(f"/v2/{name}/referrers/{subject['digest']}").status_code == 404


def test_it_deletes_by_digest_only(client: httpx.Client, name: str) -> None:
    push_image(client, name, "edge", b"layer")
    answer = client.delete(f"/v2/{name}/manifests/edge")
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_it_takes_chunks_in_any_order_and_notices_at_the_end(
    client: httpx.Client, name: str
) -> None:
    answer = send_chunk(client, start_upload(client, name), b"second", 100)
    assert answer.status_code == 202
    refused = finish_upload(client, place(answer), digest_of(b"first"), b"first")
    assert (refused.status_code, error_code(refused)) == (400, "DIGEST_INVALID")


def test_it_moves_versions(client: httpx.Client, name: str) -> None:
    first = push_image(client, name, "1.0.0", b"first")
    assert push_image(client, name, "1.0.0", b"second") != first


def test_it_knows_no_manifest_by_sha512(client: httpx.Client, name: str) -> None:
    manifest = image(config=push_blob(client, name, b"{}"))
    answer = put_manifest(client, name, f"sha512:{'0' * 128}", manifest)
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_it_breaks_over_a_malformed_digest(client: httpx.Client, name: str) -> None:
    manifest = image(config=push_blob(client, name, b"{}"))
    answer = put_manifest(client, name, "sha256:baddigeststring", manifest)
    assert (answer.status_code, error_code(answer)) == (500, "UNKNOWN")


def test_it_lists_every_tag_at_once(client: httpx.Client, name: str) -> None:
    for tag in ("b", "c", "a"):
        push_image(client, name, tag, b"layer")
    answer = client.get(f"/v2/{name}/tags/list", params={"n": 1})
    assert sorted(answer.json()["tags"]) == ["a", "b", "c"]
