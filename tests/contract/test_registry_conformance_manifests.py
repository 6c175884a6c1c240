"""Distribution specification 1.1, category Push: manifests."""

import base64
import hashlib
import json
from typing import Any

import httpx
import pytest

from tests.contract.oci import (
    ACCEPT,
    OCI_INDEX,
    OCI_MANIFEST,
    descriptor,
    digest_of,
    error_code,
    image,
    index,
    place,
    push_blob,
    push_image,
    put_manifest,
)

EMPTY = {**descriptor(b"{}", "application/vnd.oci.empty.v1+json"), "data": "e30="}
ABOUT = descriptor(b"an image that is not there", OCI_MANIFEST)
ELSEWHERE = {
    "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "digest": digest_of(b"kept elsewhere"),
    "size": 123456,
    "urls": ["https://store.example.com/layer"],
}
MIB = 1024 * 1024


def is_taken(client: httpx.Client, name: str, reference: str, manifest: bytes) -> httpx.Response:
    """The answer to a push that succeeds; every byte of the manifest comes back."""
    answer = put_manifest(client, name, reference, manifest)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Docker-Content-Digest"] == digest_of(manifest)
    for url in (place(answer), f"/v2/{name}/manifests/{reference}"):
        assert client.get(url, headers=ACCEPT).content == manifest
    return answer


@pytest.mark.parametrize(
    "more",
    [
        {"layers": []},
        {"artifactType": "application/vnd.example", "layers": [EMPTY]},
        {"annotations": {"org.example.note": "a \u00df"}, "org.example.field": {"any": [1]}},
        {"config": {**EMPTY, "data": base64.b64encode(b"{}").decode()}},
        {"artifactType": "application/vnd.example", "subject": ABOUT},
    ],
    ids=["no layers", "artifact", "own fields", "data", "subject not there"],
)
@pytest.mark.parametrize("by", ["tag", "digest"])
def test_image_manifest_is_pushed(
    registry: httpx.Client, name: str, by: str, more: dict[str, Any]
) -> None:
    config, layer = push_blob(registry, name, b"{}"), push_blob(registry, name, b"layer")
    document = {"layers": [layer], "config": config, **more}
    manifest = image(*document.pop("layers"), **document)
    is_taken(registry, name, "edge" if by == "tag" else digest_of(manifest), manifest)


def test_layer_kept_elsewhere_need_not_be_there(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    is_taken(stand_in, name, "edge", image(ELSEWHERE, config=config))


def test_index_is_pushed(registry: httpx.Client, name: str) -> None:
    children = []
    for architecture in ("amd64", "arm64"):
        config = push_blob(registry, name, b"{}")
        child = image(push_blob(registry, name, architecture.encode()), config=config)
        is_taken(registry, name, digest_of(child), child)
        platform = {"os": "linux", "architecture": architecture}
        children.append({**descriptor(child, OCI_MANIFEST), "platform": platform})
    inner = index(*children)
    is_taken(registry, name, "index", inner)
    is_taken(registry, name, "nested", index(descriptor(inner, OCI_INDEX)))
    is_taken(registry, name, "artifact", index(*children, artifactType="application/vnd.example"))


def test_index_may_be_empty(registry: httpx.Client, name: str) -> None:
    push_blob(registry, name, b"{}")  # so that the repository is there
    is_taken(registry, name, "edge", index())


def test_large_manifest_is_pushed(registry: httpx.Client, name: str) -> None:
    config = push_blob(registry, name, b"{}")
    notes = {f"note-{number}": "A" * 10_000 for number in range(390)}
    is_taken(registry, name, "edge", image(config=config, annotations=notes))


def test_too_large_manifest_is_refused(registry: httpx.Client, name: str) -> None:
    config = push_blob(registry, name, b"{}")
    manifest = image(config=config, annotations={"note": "A" * 5 * MIB})
    answer = put_manifest(registry, name, "edge", manifest)
    assert answer.status_code in (400, 413)  # 413 is a "should"
    assert registry.get(f"/v2/{name}/manifests/edge", headers=ACCEPT).status_code == 404


def test_stand_in_calls_it_too_large(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    answer = put_manifest(
        stand_in, name, "edge", image(config=config, annotations={"note": "A" * 5 * MIB})
    )
    assert (answer.status_code, error_code(answer)) == (413, "SIZE_INVALID")


def test_content_type_may_have_parameters(stand_in: httpx.Client, name: str) -> None:
    manifest = image(config=push_blob(stand_in, name, b"{}"))
    headers = {"Content-Type": f"{OCI_MANIFEST}; charset=utf-8"}
    url = f"/v2/{name}/manifests/edge"
    assert stand_in.put(url, content=manifest, headers=headers).status_code == 201
    assert stand_in.get(url, headers=ACCEPT).headers["Content-Type"] == OCI_MANIFEST


def test_subject_is_acknowledged(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    for manifest in (image(config=config, subject=ABOUT), index(subject=ABOUT)):
        answer = is_taken(stand_in, name, digest_of(manifest), manifest)
        assert answer.headers["OCI-Subject"] == ABOUT["digest"]
    without = is_taken(stand_in, name, "edge", image(config=config))
    assert "OCI-Subject" not in without.headers


def test_manifest_is_pushed_by_sha512(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    manifest = image(config=config, subject=ABOUT)
    digest = f"sha512:{hashlib.sha512(manifest).hexdigest()}"
    answer = put_manifest(stand_in, name, digest, manifest)
    assert (answer.status_code, answer.headers["Docker-Content-Digest"]) == (201, digest)
    found = stand_in.get(f"/v2/{name}/manifests/{digest}", headers=ACCEPT)
    assert (found.content, found.headers["Docker-Content-Digest"]) == (manifest, digest)
    listed = stand_in.get(f"/v2/{name}/referrers/{ABOUT['digest']}").json()["manifests"]
    assert [item["digest"] for item in listed] == [digest]
    assert stand_in.delete(f"/v2/{name}/manifests/{digest}").status_code == 202


def test_B45_manifest_of_a_missing_blob_is_refused(registry: httpx.Client, name: str) -> None:
    config = push_blob(registry, name, b"{}")
    manifest = image(descriptor(b"never pushed"), config=config)
    answer = put_manifest(registry, name, "1.0.0", manifest)
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")
    answer = registry.get(f"/v2/{name}/manifests/1.0.0", headers=ACCEPT)
    assert (answer.status_code, error_code(answer)) == (404, "MANIFEST_UNKNOWN")


def test_B45_index_of_a_missing_manifest_is_refused(registry: httpx.Client, name: str) -> None:
    digest = push_image(registry, name, "amd64", b"layer")
    known = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    answer = put_manifest(registry, name, "edge", index(known, ABOUT))
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_manifest_of_blobs_of_another_repository_is_refused(
    registry: httpx.Client, name: str
) -> None:
    config = push_blob(registry, f"{name}/one", b"{}")
    push_blob(registry, f"{name}/two", b"another")
    answer = put_manifest(registry, f"{name}/two", "edge", image(config=config))
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_manifest_under_a_wrong_digest_is_refused(registry: httpx.Client, name: str) -> None:
    config = push_blob(registry, name, b"{}")
    answer = put_manifest(registry, name, digest_of(b"other"), image(config=config))
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_manifest_under_a_malformed_digest_is_refused(stand_in: httpx.Client, name: str) -> None:
    config = push_blob(stand_in, name, b"{}")
    answer = put_manifest(stand_in, name, "sha256:baddigeststring", image(config=config))
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_manifest_that_is_not_json_is_refused(registry: httpx.Client, name: str) -> None:
    headers = {"Content-Type": OCI_MANIFEST}
    answer = registry.put(f"/v2/{name}/manifests/edge", content=b"{", headers=headers)
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_INVALID")


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
    stand_in: httpx.Client, name: str, manifest: dict[str, object]
) -> None:
    answer = put_manifest(stand_in, name, "edge", json.dumps(manifest).encode())
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_INVALID")


def test_media_type_is_the_content_type(stand_in: httpx.Client, name: str) -> None:
    manifest = image(config=push_blob(stand_in, name, b"{}"))
    headers = {"Content-Type": OCI_INDEX}
    answer = stand_in.put(f"/v2/{name}/manifests/edge", content=manifest, headers=headers)
    assert (answer.status_code, error_code(answer)) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("tag", ["a", "_", "A.b-c_d", "1" * 128, "sha256-abc.att"])
def test_well_formed_tag_is_taken(registry: httpx.Client, name: str, tag: str) -> None:
    is_taken(registry, name, tag, image(config=push_blob(registry, name, b"{}")))


@pytest.mark.parametrize("tag", [".a", "-a", "a+b", "a~b", "1" * 129, "\u00e4"])
def test_malformed_tag_is_refused(stand_in: httpx.Client, name: str, tag: str) -> None:
    manifest = image(config=push_blob(stand_in, name, b"{}"))
    answer = put_manifest(stand_in, name, tag, manifest)
    assert (answer.status_code, error_code(answer)) == (400, "TAG_INVALID")
