"""Distribution specification 1.1, category Pull."""

import os
from urllib.parse import quote

import httpx
import pytest

from tests.contract.oci import (
    ACCEPT,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    digest_of,
    error_code,
    image,
    push_blob,
    push_image,
    put_manifest,
    start_upload,
)

CONTENT = os.urandom(2048)
ABSENT = digest_of(b"never pushed")


def test_the_api_says_that_it_is_there(registry: httpx.Client) -> None:
    assert registry.get("/v2/").status_code == 200


@pytest.mark.parametrize("content", [b"layer" * 100_000, b"{}", b""], ids=["large", "{}", "empty"])
def test_blob_comes_back_as_pushed(registry: httpx.Client, name: str, content: bytes) -> None:
    digest = push_blob(registry, name, content)["digest"]
    for method, body in (("HEAD", b""), ("GET", content)):
        answer = registry.request(method, f"/v2/{name}/blobs/{digest}")
        assert (answer.status_code, answer.content) == (200, body)
        assert answer.headers["Docker-Content-Digest"] == digest
        assert answer.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("500-1499", 500, 1499),
        ("500-", 500, 2047),
        ("-500", 1548, 2047),
        ("2000-5000", 2000, 2047),
        ("0-0", 0, 0),
    ],
)
def test_part_of_a_blob(
    registry: httpx.Client, name: str, asked: str, first: int, last: int
) -> None:
    digest = push_blob(registry, name, CONTENT)["digest"]
    answer = registry.get(f"/v2/{name}/blobs/{digest}", headers={"Range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/2048"
    assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", ["500-0", "2048-", "5000-10000"])
def test_part_outside_of_a_blob(registry: httpx.Client, name: str, asked: str) -> None:
    digest = push_blob(registry, name, CONTENT)["digest"]
    headers = {"Range": f"bytes={asked}"}
    # Not read: docker-registry announces more bytes than it sends.
    with registry.stream("GET", f"/v2/{name}/blobs/{digest}", headers=headers) as answer:
        assert answer.status_code == 416


def test_B44_percent_encoded_digest_is_accepted(registry: httpx.Client, name: str) -> None:
    content = b"encoded"
    location = start_upload(registry, name)
    encoded = quote(digest_of(content), safe="")
    separator = "&" if location.query else "?"
    pushed = registry.put(f"{location}{separator}digest={encoded}", content=content)
    assert pushed.status_code == 201
    assert registry.get(f"/v2/{name}/blobs/{encoded}").content == content


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, OCI_MANIFEST])
def test_manifest_comes_back_by_tag_and_by_digest(
    registry: httpx.Client, name: str, media_type: str
) -> None:
    config, layer = push_blob(registry, name, b"{}"), push_blob(registry, name, b"layer")
    manifest = image(layer, config=config, media_type=media_type)
    assert put_manifest(registry, name, "edge", manifest).status_code == 201
    for reference in ("edge", digest_of(manifest)):
        for method, body in (("HEAD", b""), ("GET", manifest)):
            url = f"/v2/{name}/manifests/{reference}"
            answer = registry.request(method, url, headers=ACCEPT)
            assert (answer.status_code, answer.content) == (200, body)
            assert answer.headers["Content-Type"] == media_type
            assert answer.headers["Content-Length"] == str(len(manifest))
            assert answer.headers["Docker-Content-Digest"] == digest_of(manifest)


@pytest.mark.parametrize("accept", ["", "*/*", "application/*", f"{OCI_MANIFEST};q=0.5"])
def test_manifest_is_for_whoever_accepts_it(stand_in: httpx.Client, name: str, accept: str) -> None:
    push_image(stand_in, name, "edge", b"layer")
    stand_in.headers.pop("Accept")
    headers = {"Accept": accept} if accept else {}
    assert stand_in.get(f"/v2/{name}/manifests/edge", headers=headers).status_code == 200


@pytest.mark.parametrize("reference", ["missing", ABSENT])
def test_missing_manifest(registry: httpx.Client, name: str, reference: str) -> None:
    push_image(registry, name, "edge", b"layer")
    url = f"/v2/{name}/manifests/{reference}"
    answer = registry.get(url, headers=ACCEPT)
    assert (answer.status_code, error_code(answer)) == (404, "MANIFEST_UNKNOWN")
    head = registry.head(url, headers=ACCEPT)
    assert (head.status_code, head.content) == (404, b"")


def test_missing_blob(registry: httpx.Client, name: str) -> None:
    push_blob(registry, name, b"another")
    answer = registry.get(f"/v2/{name}/blobs/{ABSENT}")
    assert (answer.status_code, error_code(answer)) == (404, "BLOB_UNKNOWN")
    head = registry.head(f"/v2/{name}/blobs/{ABSENT}")
    assert (head.status_code, head.content) == (404, b"")


def test_blob_belongs_to_its_repository(registry: httpx.Client, name: str) -> None:
    digest = push_blob(registry, f"{name}/one", b"mine")["digest"]
    push_blob(registry, f"{name}/two", b"another")
    assert registry.get(f"/v2/{name}/two/blobs/{digest}").status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("Team/manifests/edge", "NAME_INVALID"),
        ("team//app/manifests/edge", "NAME_INVALID"),
        ("team/-app/manifests/edge", "NAME_INVALID"),
        ("team/a..b/manifests/edge", "NAME_INVALID"),
        ("team/a___b/manifests/edge", "NAME_INVALID"),
        ("team/%2e%2e/manifests/edge", "NAME_INVALID"),
        (f"team/{'a' * 251}/manifests/edge", "NAME_INVALID"),
        ("team/blobs/sha256:short", "DIGEST_INVALID"),
        (f"team/blobs/sha256:{'A' * 64}", "DIGEST_INVALID"),
        ("team/manifests/md5:0", "DIGEST_INVALID"),
        ("team/manifests/sha256:baddigeststring", "DIGEST_INVALID"),
    ],
)
def test_malformed_path_is_refused(stand_in: httpx.Client, path: str, code: str) -> None:
    answer = stand_in.get(f"/v2/{path}")
    assert (answer.status_code, error_code(answer)) == (400, code)


@pytest.mark.parametrize(
    "path", ["a", "a-b", "a--b", "a.b", "a_b", "a__b", "0/1/2/3", f"team/{'a' * 250}"]
)
def test_well_formed_name_is_taken(stand_in: httpx.Client, path: str) -> None:
    digest = push_blob(stand_in, path, b"content")["digest"]
    assert stand_in.get(f"/v2/{path}/blobs/{digest}").content == b"content"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v2/team/nothing", 404), ("PUT", f"/v2/team/blobs/{ABSENT}", 405)],
)
def test_what_the_api_has_not(stand_in: httpx.Client, method: str, path: str, status: int) -> None:
    answer = stand_in.request(method, path)
    assert (answer.status_code, error_code(answer)) == (status, "UNSUPPORTED")
