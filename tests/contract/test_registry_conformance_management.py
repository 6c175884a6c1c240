"""Distribution specification 1.1, category Content Management: what is deleted is gone."""

import httpx
import pytest

from tests.contract.oci import (
    ACCEPT,
    digest_of,
    error_code,
    image,
    push_blob,
    push_image,
    put_manifest,
)

ABSENT = digest_of(b"never pushed")


def status(client: httpx.Client, name: str, reference: str) -> int:
    return client.head(f"/v2/{name}/manifests/{reference}", headers=ACCEPT).status_code


def test_manifest_is_deleted_with_its_tags(registry: httpx.Client, name: str) -> None:
    digest = push_image(registry, name, "edge", b"layer")
    assert push_image(registry, name, "also", b"layer") == digest
    other = push_image(registry, name, "other", b"another layer")
    assert registry.delete(f"/v2/{name}/manifests/{digest}").status_code == 202
    for reference in ("edge", "also", digest):
        gone = registry.get(f"/v2/{name}/manifests/{reference}", headers=ACCEPT)
        assert (gone.status_code, error_code(gone)) == (404, "MANIFEST_UNKNOWN")
    assert registry.get(f"/v2/{name}/tags/list").json()["tags"] == ["other"]
    assert status(registry, name, other) == 200


def test_tag_is_deleted_alone(stand_in: httpx.Client, name: str) -> None:
    digest = push_image(stand_in, name, "edge", b"layer")
    push_image(stand_in, name, "also", b"layer")
    assert stand_in.delete(f"/v2/{name}/manifests/edge").status_code == 202
    assert status(stand_in, name, "edge") == 404
    assert status(stand_in, name, "also") == status(stand_in, name, digest) == 200
    assert stand_in.get(f"/v2/{name}/tags/list").json()["tags"] == ["also"]


def test_blob_is_deleted(registry: httpx.Client, name: str) -> None:
    digest = push_blob(registry, name, b"content")["digest"]
    url = f"/v2/{name}/blobs/{digest}"
    assert registry.delete(url).status_code == 202
    gone = registry.get(url)
    assert (gone.status_code, error_code(gone)) == (404, "BLOB_UNKNOWN")
    assert push_blob(registry, name, b"content")["digest"] == digest
    assert registry.get(url).content == b"content"


def test_blob_deleted_from_one_repository_stays_in_another(
    registry: httpx.Client, name: str
) -> None:
    for where in ("one", "two"):
        digest = push_blob(registry, f"{name}/{where}", b"shared")["digest"]
    assert registry.delete(f"/v2/{name}/one/blobs/{digest}").status_code == 202
    assert registry.head(f"/v2/{name}/one/blobs/{digest}").status_code == 404
    assert registry.get(f"/v2/{name}/two/blobs/{digest}").content == b"shared"


def test_manifest_comes_back_when_it_is_pushed_again(registry: httpx.Client, name: str) -> None:
    digest = push_image(registry, name, "edge", b"layer")
    registry.delete(f"/v2/{name}/manifests/{digest}")
    assert push_image(registry, name, "edge", b"layer") == digest
    assert status(registry, name, "edge") == 200


def test_emptied_repository_can_be_filled_again(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    manifest = image(config=config)
    put_manifest(stand_in, name, "edge", manifest)
    for path in (f"manifests/{digest_of(manifest)}", f"blobs/{config['digest']}"):
        assert stand_in.delete(f"/v2/{name}/{path}").status_code == 202
    assert stand_in.get(f"/v2/{name}/tags/list").json()["tags"] == []
    refused = put_manifest(stand_in, name, "edge", manifest)
    assert (refused.status_code, error_code(refused)) == (400, "MANIFEST_BLOB_UNKNOWN")
    push_blob(stand_in, name, b"{}")
    assert put_manifest(stand_in, name, "edge", manifest).status_code == 201


@pytest.mark.parametrize("pushed", [True, False], ids=["known repository", "unknown repository"])
@pytest.mark.parametrize(
    ("path", "codes"),
    [
        (f"manifests/{ABSENT}", {"MANIFEST_UNKNOWN", "NAME_UNKNOWN"}),
        (f"blobs/{ABSENT}", {"BLOB_UNKNOWN", "NAME_UNKNOWN"}),
    ],
)
def test_what_is_not_there_cannot_be_deleted(
    registry: httpx.Client, name: str, path: str, codes: set[str], pushed: bool
) -> None:
    if pushed:
        push_image(registry, name, "edge", b"layer")
    answer = registry.delete(f"/v2/{name}/{path}")
    assert answer.status_code == 404
    assert error_code(answer) in codes


def test_missing_tag_cannot_be_deleted(stand_in: httpx.Client, name: str) -> None:
    push_image(stand_in, name, "edge", b"layer")
    answer = stand_in.delete(f"/v2/{name}/manifests/missing")
    assert (answer.status_code, error_code(answer)) == (404, "MANIFEST_UNKNOWN")
