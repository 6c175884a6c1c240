"""Distribution specification 1.1, category Push: blobs."""

import hashlib
import json
import os

import httpx
import pytest

from tests.contract.oci import (
    WAYS,
    digest_of,
    error_code,
    finish_upload,
    place,
    push_blob,
    send_chunk,
    start_upload,
    uploads,
)

CONTENT = os.urandom(5000)
CHUNK = 2000


def chunk(number: int) -> bytes:
    return CONTENT[number * CHUNK : (number + 1) * CHUNK]


@pytest.mark.parametrize("way", WAYS)
def test_blob_is_pushed(registry: httpx.Client, name: str, way: str) -> None:
    answer = WAYS[way](registry, name, CONTENT, digest_of(CONTENT))
    assert answer.status_code == 201
    assert answer.headers["Docker-Content-Digest"] == digest_of(CONTENT)
    assert registry.get(place(answer)).content == CONTENT


@pytest.mark.parametrize("way", WAYS)
def test_altered_blob_is_refused(registry: httpx.Client, name: str, way: str) -> None:
    wanted = digest_of(b"what was meant")
    answer = WAYS[way](registry, name, CONTENT, wanted)
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")
    assert registry.head(f"/v2/{name}/blobs/{wanted}").status_code == 404


@pytest.mark.parametrize("way", ["POST, then PUT", "POST alone"])
def test_empty_blob_is_pushed(registry: httpx.Client, name: str, way: str) -> None:
    answer = WAYS[way](registry, name, b"", digest_of(b""))
    assert answer.status_code == 201
    assert registry.get(place(answer)).content == b""


@pytest.mark.parametrize("way", WAYS)
def test_sha512_digest_is_known(registry: httpx.Client, name: str, way: str) -> None:
    digest = f"sha512:{hashlib.sha512(CONTENT).hexdigest()}"
    answer = WAYS[way](registry, name, CONTENT, digest)
    assert answer.status_code == 201
    assert registry.get(f"/v2/{name}/blobs/{digest}").content == CONTENT


@pytest.mark.parametrize("digest", ["", "sha256:short", "md5:d41d8cd98f00b204e9800998ecf8427e"])
def test_malformed_digest_is_refused(registry: httpx.Client, name: str, digest: str) -> None:
    answer = finish_upload(registry, start_upload(registry, name), digest, CONTENT)
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_upload_says_how_far_it_is(registry: httpx.Client, name: str) -> None:
    answer = send_chunk(registry, start_upload(registry, name), chunk(0), 0)
    status = registry.get(place(answer))
    assert (status.status_code, status.content) == (204, b"")
    assert status.headers["Range"] == f"0-{CHUNK - 1}"
    answer = send_chunk(registry, place(status), chunk(1), CHUNK)
    assert answer.headers["Range"] == f"0-{2 * CHUNK - 1}"
    pushed = finish_upload(registry, place(answer), digest_of(CONTENT), chunk(2))
    assert pushed.status_code == 201


@pytest.mark.parametrize("first", [0, 2 * CHUNK], ids=["again", "too early"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_chunk_out_of_order_is_refused(
    stand_in: httpx.Client, name: str, method: str, first: int
) -> None:
    answer = send_chunk(stand_in, start_upload(stand_in, name), chunk(0), 0)
    location = place(answer).copy_merge_params({"digest": digest_of(CONTENT)})
    headers = {"Content-Range": f"{first}-{first + CHUNK - 1}"}
    late = stand_in.request(method, location, content=chunk(1), headers=headers)
    assert (late.status_code, error_code(late)) == (416, "BLOB_UPLOAD_INVALID")
    status = stand_in.get(place(answer))
    assert (status.status_code, status.headers["Range"]) == (204, f"0-{CHUNK - 1}")
    send_chunk(stand_in, place(status), chunk(1), CHUNK)
    assert finish_upload(stand_in, location, digest_of(CONTENT), chunk(2)).status_code == 201


def test_first_chunk_begins_at_0(stand_in: httpx.Client, name: str) -> None:
    location = start_upload(stand_in, name)
    assert send_chunk(stand_in, location, chunk(1), CHUNK).status_code == 416
    assert stand_in.get(location).status_code == 204
    assert send_chunk(stand_in, location, chunk(0), 0).status_code == 202


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ("0-99", 400, "SIZE_INVALID"),
        ("bytes 0-1999/*", 416, "BLOB_UPLOAD_INVALID"),
        ("0", 416, "BLOB_UPLOAD_INVALID"),
    ],
)
def test_chunk_that_is_not_what_it_says(
    stand_in: httpx.Client, name: str, said: str, status: int, code: str
) -> None:
    location = start_upload(stand_in, name)
    answer = stand_in.patch(location, content=chunk(0), headers={"Content-Range": said})
    assert (answer.status_code, error_code(answer)) == (status, code)
    assert send_chunk(stand_in, location, chunk(0), 0).status_code == 202


def test_cancelled_upload_is_gone(registry: httpx.Client, name: str) -> None:
    location = start_upload(registry, name)
    assert registry.delete(location).status_code == 204
    answer = finish_upload(registry, location, digest_of(b"late"), b"late")
    assert (answer.status_code, error_code(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")
    for method in ("GET", "PATCH", "DELETE"):
        assert registry.request(method, location).status_code == 404


def test_finished_upload_is_gone(registry: httpx.Client, name: str) -> None:
    location = start_upload(registry, name)
    assert finish_upload(registry, location, digest_of(CONTENT), CONTENT).status_code == 201
    answer = finish_upload(registry, location, digest_of(CONTENT), CONTENT)
    assert (answer.status_code, error_code(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_upload_belongs_to_its_repository(stand_in: httpx.Client, name: str) -> None:
    location = start_upload(stand_in, f"{name}/one")
    elsewhere = str(location).replace("/one/", "/two/")
    answer = stand_in.put(elsewhere, params={"digest": digest_of(b"")})
    assert (answer.status_code, error_code(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_blob_is_mounted_from_another_repository(registry: httpx.Client, name: str) -> None:
    digest = push_blob(registry, f"{name}/source", CONTENT)["digest"]
    target = f"/v2/{name}/target/blobs/{digest}"
    assert registry.head(target).status_code == 404
    query = {"mount": digest, "from": f"{name}/source"}
    answer = registry.post(uploads(f"{name}/target"), params=query)
    assert (answer.status_code, place(answer).path) == (201, target)
    assert registry.get(target).content == CONTENT


def test_blob_is_mounted_from_wherever_it_is(registry: httpx.Client, name: str) -> None:
    digest = push_blob(registry, f"{name}/source", CONTENT)["digest"]
    answer = registry.post(uploads(f"{name}/target"), params={"mount": digest})
    if answer.status_code == 202:  # a registry need not look for it
        answer = finish_upload(registry, place(answer), digest, CONTENT)
    assert answer.status_code == 201
    assert registry.get(f"/v2/{name}/target/blobs/{digest}").content == CONTENT


def test_stand_in_looks_for_the_blob_to_mount(stand_in: httpx.Client, name: str) -> None:
    content = os.urandom(100)
    digest = push_blob(stand_in, f"{name}/source", content)["digest"]
    answer = stand_in.post(uploads(f"{name}/target"), params={"mount": digest})
    assert answer.status_code == 201
    assert stand_in.get(place(answer)).content == content


@pytest.mark.parametrize("source", ["source", None])
def test_mount_of_an_unknown_blob_starts_an_upload(
    registry: httpx.Client, name: str, source: str | None
) -> None:
    content = json.dumps({"only": name}).encode()
    query = {"mount": digest_of(content)} | ({"from": f"{name}/source"} if source else {})
    answer = registry.post(uploads(f"{name}/target"), params=query)
    assert answer.status_code == 202
    assert place(answer).path.startswith(uploads(f"{name}/target"))
    pushed = finish_upload(registry, place(answer), digest_of(content), content)
    assert pushed.status_code == 201
