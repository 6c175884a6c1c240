"""Distribution specification 1.1, category Content Discovery: tags and referrers."""

from typing import Any

import httpx
import pytest

from tests.contract.oci import (
    OCI_INDEX,
    OCI_MANIFEST,
    Json,
    descriptor,
    digest_of,
    error_code,
    image,
    index,
    push_blob,
    push_image,
    put_manifest,
)

TAGS = ["10", "2", "A", "B", "_x", "a", "a.b", "b"]  # in the order of their bytes
PROOF, BILL = "application/vnd.example.proof", "application/vnd.example.bill"
NOTE = {"org.example.by": "a test"}


@pytest.fixture
def tagged(stand_in: httpx.Client, name: str) -> str:
    """A repository with TAGS."""
    for tag in reversed(TAGS):
        push_image(stand_in, name, tag, b"layer")
    return name


def tags(client: httpx.Client, name: str, **query: Any) -> list[str]:
    answer = client.get(f"/v2/{name}/tags/list", params=query)
    assert answer.status_code == 200
    assert answer.json()["name"] == name
    return list(answer.json()["tags"])


def test_every_tag_is_listed(registry: httpx.Client, name: str) -> None:
    for tag in ("b", "c", "a"):
        push_image(registry, name, tag, b"layer")
    assert sorted(tags(registry, name)) == ["a", "b", "c"]


def test_tags_are_listed_in_order(stand_in: httpx.Client, tagged: str) -> None:
    assert tags(stand_in, tagged) == TAGS


def test_tags_come_in_pages(stand_in: httpx.Client, tagged: str) -> None:
    pages: list[list[str]] = []
    url = f"/v2/{tagged}/tags/list?n=3"
    while url:
        answer = stand_in.get(url)
        pages.append(answer.json()["tags"])
        url = answer.links.get("next", {}).get("url", "")
    assert pages == [TAGS[:3], TAGS[3:6], TAGS[6:]]


@pytest.mark.parametrize("last", [*TAGS, "0", "Z", "zz"])
def test_tags_begin_behind_the_last(stand_in: httpx.Client, tagged: str, last: str) -> None:
    behind = [tag for tag in TAGS if tag > last]
    assert tags(stand_in, tagged, last=last) == behind
    assert tags(stand_in, tagged, last=last, n=2) == behind[:2]


@pytest.mark.parametrize(
    ("count", "shown", "more"), [(0, 0, False), (1, 1, True), (8, 8, False), (10**20, 8, False)]
)
def test_as_many_tags_as_asked_for(
    stand_in: httpx.Client, tagged: str, count: int, shown: int, more: bool
) -> None:
    answer = stand_in.get(f"/v2/{tagged}/tags/list", params={"n": count})
    assert answer.json() == {"name": tagged, "tags": TAGS[:shown]}
    assert ("next" in answer.links) == more


@pytest.mark.parametrize("count", ["all", "-1", "1.5"])
def test_count_that_is_no_number_is_refused(stand_in: httpx.Client, name: str, count: str) -> None:
    push_image(stand_in, name, "edge", b"layer")
    answer = stand_in.get(f"/v2/{name}/tags/list", params={"n": count})
    assert (answer.status_code, error_code(answer)) == (400, "UNSUPPORTED")


def test_repository_without_tags_has_an_empty_list(stand_in: httpx.Client, name: str) -> None:
    push_blob(stand_in, name, b"only a blob")
    assert tags(stand_in, name) == []


def test_unknown_repository_has_no_tags(registry: httpx.Client, name: str) -> None:
    push_image(registry, f"{name}/below", "edge", b"layer")
    answer = registry.get(f"/v2/{name}/tags/list")
    assert (answer.status_code, error_code(answer)) == (404, "NAME_UNKNOWN")


# Referrers


def referrers(client: httpx.Client, name: str, subject: str, **query: str) -> list[Json]:
    answer = client.get(f"/v2/{name}/referrers/{subject}", params=query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, OCI_INDEX)
    assert answer.headers.get("OCI-Filters-Applied") == ("artifactType" if query else None)
    listed = answer.json()
    assert (listed["schemaVersion"], listed["mediaType"]) == (2, OCI_INDEX)
    return list(listed["manifests"])


def push_referrers(client: httpx.Client, name: str, subject: Json) -> list[Json]:
    """Four manifests about `subject`, and how a registry has to list them."""
    config = push_blob(client, name, b"{}")
    proof = {"artifactType": PROOF, "annotations": NOTE}
    kinds: list[tuple[bytes, str, Json]] = [
        (image(config=config, subject=subject, **proof), OCI_MANIFEST, proof),
        (
            image(config={**config, "mediaType": BILL}, subject=subject),
            OCI_MANIFEST,
            {"artifactType": BILL},
        ),
        (index(subject=subject, **proof), OCI_INDEX, proof),
        (index(subject=subject), OCI_INDEX, {}),
    ]
    for manifest, _, _ in kinds:
        answer = put_manifest(client, name, digest_of(manifest), manifest)
        assert (answer.status_code, answer.headers["OCI-Subject"]) == (201, subject["digest"])
    return [{**descriptor(manifest, kind), **about} for manifest, kind, about in kinds]


def in_order(descriptors: list[Json]) -> list[Json]:
    return sorted(descriptors, key=lambda each: str(each["digest"]))


@pytest.mark.parametrize("there", [True, False], ids=["subject there", "subject not there"])
def test_referrers_are_listed(stand_in: httpx.Client, name: str, there: bool) -> None:
    subject = descriptor(b"an image that is not there", OCI_MANIFEST)
    if there:
        subject = {**subject, "digest": push_image(stand_in, name, "1.0.0", b"layer")}
    pushed = push_referrers(stand_in, name, subject)
    listed = referrers(stand_in, name, subject["digest"])
    assert in_order(listed) == in_order(pushed)


@pytest.mark.parametrize("kind", [PROOF, BILL, "application/vnd.example.none"])
def test_referrers_are_filtered_by_type(stand_in: httpx.Client, name: str, kind: str) -> None:
    subject = descriptor(b"subject", OCI_MANIFEST)
    pushed = push_referrers(stand_in, name, subject)
    listed = referrers(stand_in, name, subject["digest"], artifactType=kind)
    wanted = [each for each in pushed if each.get("artifactType") == kind]
    assert in_order(listed) == in_order(wanted)


def test_referrer_is_listed_under_its_own_subject_only(stand_in: httpx.Client, name: str) -> None:
    push_referrers(stand_in, name, descriptor(b"one", OCI_MANIFEST))
    assert referrers(stand_in, name, digest_of(b"two")) == []
    assert referrers(stand_in, f"{name}/other", digest_of(b"one")) == []


def test_no_referrers_are_an_empty_list_and_never_404(stand_in: httpx.Client, name: str) -> None:
    assert referrers(stand_in, name, digest_of(b"never pushed")) == []
    subject = push_image(stand_in, name, "1.0.0", b"layer")
    assert referrers(stand_in, name, subject) == []


def test_referrers_of_a_malformed_digest_are_refused(stand_in: httpx.Client, name: str) -> None:
    answer = stand_in.get(f"/v2/{name}/referrers/sha256:short")
    assert (answer.status_code, error_code(answer)) == (400, "DIGEST_INVALID")


def test_deleted_referrer_is_listed_no_more(stand_in: httpx.Client, name: str) -> None:
    subject = descriptor(b"subject", OCI_MANIFEST)
    first, *rest = push_referrers(stand_in, name, subject)
    assert stand_in.delete(f"/v2/{name}/manifests/{first['digest']}").status_code == 202
    assert in_order(referrers(stand_in, name, subject["digest"])) == in_order(rest)


def test_referrers_outlive_their_subject(stand_in: httpx.Client, name: str) -> None:
    digest = push_image(stand_in, name, "1.0.0", b"layer")
    subject = {**descriptor(b"", OCI_MANIFEST), "digest": digest}
    pushed = push_referrers(stand_in, name, subject)
    assert stand_in.delete(f"/v2/{name}/manifests/{digest}").status_code == 202
    assert in_order(referrers(stand_in, name, digest)) == in_order(pushed)
