"""Signing for an image and checking it: at a registry, in both ways, and after every tampering."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from sandbox.serving import Fault
from slipway.clients.registry import open_repository
from slipway.errors import Conflict, InvalidInput, NotTrusted, Retryable, Unauthorized
from slipway.evidence import attached, collect
from slipway.evidence.envelope import Envelope
from slipway.evidence.keys import Signer
from slipway.evidence.provenance import PREDICATE, provenance
from slipway.model import Image, Release
from tests.contract.evidence_place import Json, Place, a_place, new_key


@pytest.fixture(params=[True, False], ids=["with-api", "without-api"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path, referrers=request.param) as place:
        yield place


only_with_api = pytest.mark.parametrize("place", [True], indirect=True, ids=["with-api"])


def put(place: Place, image: Image, statement: Json, key: SecretStr | None = None) -> None:
    """Attach a statement in both ways, as anybody with a push right could."""
    signer = Signer(key or place.settings.secret("signing_key"))
    envelope = Envelope.signed(json.dumps(statement).encode(), signer)
    with open_repository(image.repository, place.settings, push=True) as repository:
        subject = attached.Subject(repository, repository.manifest(image.digest), PREDICATE)
        attached._add_layer(subject, envelope)
        attached._add_bundle(subject, envelope, signer.public)


def test_B47_the_image_is_signed_for_and_verified(place: Place) -> None:
    release, image, evidence = place.delivered()
    assert (evidence.key, evidence.digest) == (place.key, image.digest)
    assert evidence.provenance == "signed provenance, attached and verified"
    found = place.verify(release, image)
    assert (found.reference, found.key, found.run) == (image.reference, place.key, "run-1")
    assert (found.repository, found.commit) == (place.service.source.repository, release.sha)
    assert (found.service, found.version) == ("books-api", "1.2.0")
    assert (found.builder, found.found) == ("urn:slipway:builder:layer:v1", False)


def test_B40_it_is_attached_in_both_ways_and_the_envelope_is_the_same(place: Place) -> None:
    _, image, _ = place.delivered()
    [envelope], [bundle] = place.layers(image, PREDICATE), place.bundles(image, PREDICATE)
    assert envelope == bundle["dsseEnvelope"]
    assert set(envelope) == {"payload", "payloadType", "signatures"}
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert [set(each) for each in envelope["signatures"]] == [{"keyid", "sig"}]
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    hint = bundle["verificationMaterial"]["publicKey"]["hint"]
    assert base64.b64decode(hint).hex() == place.key


@only_with_api
def test_the_attestation_image_is_one_that_cosign_can_append_to(place: Place) -> None:
    _, image, _ = place.delivered()
    manifest = place.get(f"manifests/{image.digest.replace(':', '-')}.att")
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    config = place.get(f"blobs/{manifest['config']['digest']}")
    assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
    assert manifest["layers"][0]["mediaType"] == "application/vnd.dsse.envelope.v1+json"
    assert manifest["layers"][0]["annotations"] == {
        "dev.cosignproject.cosign/signature": "",
        "predicateType": "https://slsa.dev/provenance/v1",
    }


@only_with_api
def test_the_bundle_refers_to_the_image(place: Place) -> None:
    _, image, _ = place.delivered()
    [entry] = place.get(f"referrers/{image.digest}")["manifests"]
    manifest = place.get(f"manifests/{entry['digest']}")
    assert entry["artifactType"] == manifest["artifactType"] == attached.BUNDLE
    assert manifest["subject"]["digest"] == image.digest
    assert manifest["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    assert manifest["annotations"] == {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1",
    }


def test_B36_a_second_run_attaches_nothing(place: Place) -> None:
    release, image, _ = place.delivered()
    place.server.traffic.reset()
    again = place.attest(release, image, run="run-2")
    assert place.pushed() == []
    assert again.key == place.key
    assert place.verify(release, image).run == "run-1"


@pytest.mark.parametrize("gone", ["tag", "referrer"])
def test_B36_what_is_missing_is_completed_with_the_same_envelope(place: Place, gone: str) -> None:
    release, image, _ = place.delivered()
    [before] = place.layers(image, PREDICATE)
    name = image.digest.replace(":", "-")
    if gone == "tag":
        place.delete(f"manifests/{name}.att")
    elif (index := place.get(f"referrers/{image.digest}")) is not None:
        for entry in index["manifests"]:
            place.delete(f"manifests/{entry['digest']}")
    else:
        place.delete(f"manifests/{name}")
    place.attest(release, image, run="run-2")
    [envelope], [bundle] = place.layers(image, PREDICATE), place.bundles(image, PREDICATE)
    assert envelope == bundle["dsseEnvelope"] == before


def test_what_others_have_attached_stays(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    said = provenance(place.service, release, image, "their run")
    put(place, image, said, key=new_key())
    place.attest(release, image)
    assert len(place.layers(image, PREDICATE)) == len(place.bundles(image, PREDICATE)) == 2
    assert place.verify(release, image).run == "run-1"


Tampering = Callable[[Place, Release, Image], None]
TAMPERED: dict[str, Tampering] = {}


def tampering(function: Tampering) -> Tampering:
    TAMPERED[function.__name__.replace("_", " ")] = function
    return function


@tampering
def nothing_attached(place: Place, release: Release, image: Image) -> None:
    pass


@tampering
def by_an_unknown_key(place: Place, release: Release, image: Image) -> None:
    put(place, image, provenance(place.service, release, image, "run"), key=new_key())


@tampering
def of_another_digest(place: Place, release: Release, image: Image) -> None:
    other = image.model_copy(update={"digest": "sha256:" + "0" * 64})
    put(place, image, provenance(place.service, release, other, "run"))


@tampering
def of_another_commit(place: Place, release: Release, image: Image) -> None:
    other = release.model_copy(update={"sha": "b" * 40})
    put(place, image, provenance(place.service, other, image, "run"))


@tampering
def by_another_builder(place: Place, release: Release, image: Image) -> None:
    other = image.model_copy(update={"builder": "docker"})
    put(place, image, provenance(place.service, release, other, "run"))


@tampering
def of_another_kind(place: Place, release: Release, image: Image) -> None:
    said = provenance(place.service, release, image, "run")
    put(place, image, {**said, "predicateType": "https://slsa.dev/provenance/v0.2"})


@pytest.mark.parametrize("case", TAMPERED)
def test_B48_B51_what_does_not_hold_is_refused_with_the_reason(place: Place, case: str) -> None:
    release = place.release()
    image = place.built(release)
    TAMPERED[case](place, release, image)
    with pytest.raises(NotTrusted, match="has no provenance that counts") as caught:
        place.verify(release, image)
    assert image.reference in caught.value.message


@only_with_api
def test_B31_another_image_is_not_covered(place: Place) -> None:
    _, image, _ = place.delivered()
    release, other, _ = place.delivered("1.2.1")
    crossed = other.model_copy(update={"digest": image.digest})
    with pytest.raises(NotTrusted, match=r"names the version 1\.2\.0, not 1\.2\.1"):
        place.verify(release, crossed)


def test_B34_a_trusted_signature_for_something_else_is_a_conflict(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    of_another_commit(place, release, image)
    place.server.traffic.reset()
    with pytest.raises(Conflict, match=r"signed provenance of something else: .*commit bbbb"):
        place.attest(release, image)
    assert place.pushed() == []


@only_with_api
def test_B46_an_altered_blob_is_refused(place: Place) -> None:
    release, image, _ = place.delivered()
    manifest = place.get(f"manifests/{image.digest.replace(':', '-')}.att")
    place.registry.store.content(manifest["layers"][0]["digest"]).write_bytes(b"{}")
    with pytest.raises(Exception, match="the digest is") as caught:
        place.verify(release, image)
    assert "do not use this image" in str(caught.value)


def test_a_dangling_entry_does_not_hide_a_good_one(place: Place) -> None:
    release, image, _ = place.delivered()
    manifest = place.get(f"manifests/{image.digest.replace(':', '-')}.att")
    place.delete(f"blobs/{manifest['layers'][0]['digest']}")
    assert place.verify(release, image).key == place.key


@only_with_api
def test_without_a_key_nothing_is_signed_and_that_is_said(place: Place) -> None:
    place.set(signing_key=None)
    release, image, evidence = place.delivered()
    assert evidence.key is None
    assert evidence.provenance == "not signed: SLIPWAY_SIGNING_KEY is not set"
    assert place.layers(image, PREDICATE) == []
    with pytest.raises(InvalidInput, match="no key is trusted"):
        place.verify(release, image)


@only_with_api
def test_only_public_keys_are_needed_to_verify(place: Place) -> None:
    release, image, _ = place.delivered()
    mine = Signer(place.settings.secret("signing_key")).public.pem
    place.set(signing_key=None, trusted_keys=Signer(new_key()).public.pem + mine)
    assert place.verify(release, image).version == "1.2.0"


@only_with_api
def test_a_rotated_key_is_trusted_as_long_as_it_is_listed(place: Place) -> None:
    release, image, _ = place.delivered()
    old = Signer(place.settings.secret("signing_key")).public.pem
    place.set(signing_key=new_key())
    with pytest.raises(NotTrusted, match="no trusted key has signed it"):
        place.verify(release, image)
    place.set(trusted_keys=old + Signer(place.settings.secret("signing_key")).public.pem)
    place.server.traffic.reset()
    place.attest(release, image, run="run-2")
    assert place.pushed() == []


@only_with_api
def test_X14_a_signing_key_that_is_not_trusted_is_refused_at_once(place: Place) -> None:
    place.set(trusted_keys=Signer(new_key()).public.pem)
    release = place.release()
    image = place.built(release)
    with pytest.raises(InvalidInput, match="does not hold the public half"):
        place.attest(release, image)


def test_B19_a_busy_registry_is_retryable_and_the_next_try_converges(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    place.server.traffic.faults.append(Fault(method="PUT", path="/manifests/", status=503))
    with pytest.raises(Retryable):
        place.attest(release, image)
    place.attest(release, image)
    assert len(place.layers(image, PREDICATE)) == len(place.bundles(image, PREDICATE)) == 1


@only_with_api
def test_no_push_right_is_final(place: Place) -> None:
    release = place.release()
    image = place.built(release)
    place.set(registry_username="robot", registry_password=SecretStr("another"))
    with pytest.raises(Unauthorized):
        place.attest(release, image)


@only_with_api
def test_the_release_page_tells_it_once(place: Place) -> None:
    release, image, _ = place.delivered()
    place.attest(release, image, run="run-2")
    body = place.page()
    assert body.startswith("* a\n\n<!-- slipway: image -->")
    assert body.count("### Image") == 1
    assert f"`{image.reference}`" in body
    assert place.key in body
    assert "Vulnerabilities: not scanned: no scanner is configured" in body


@only_with_api
def test_examining_an_older_image_writes_nothing(place: Place) -> None:
    release, image, made = place.delivered()
    place.server.traffic.reset()
    found = collect.examine(place.service, release, image, place.settings)
    assert place.pushed() == []
    assert (found.key, found.provenance, found.scan) == (made.key, made.provenance, made.scan)
    assert found.sbom == "none that is signed is attached"
    place.set(signing_key=None)
    unknown = collect.examine(place.service, release, image, place.settings)
    assert (unknown.key, unknown.provenance) == (None, "not checked: no key is trusted")


@only_with_api
def test_B52_X1_X8_the_key_appears_nowhere(place: Place, tmp_path: Path) -> None:
    marker = place.settings.secret("signing_key").get_secret_value()
    lines = [line for line in marker.splitlines() if "-----" not in line]
    _, image, evidence = place.delivered()
    body = place.page() + evidence.model_dump_json() + image.model_dump_json()
    kept = [p.read_bytes() for p in (tmp_path / "registry").rglob("*") if p.is_file()]
    decoded = [base64.b64decode(each["payload"]) for each in place.layers(image, PREDICATE)]
    for line in lines:
        assert line not in body
        assert not any(line.encode() in content for content in (*kept, *decoded))
    assert not any(b"marker-registry-password" in content for content in (*kept, *decoded))
    assert not any(b"marker-source-token" in content for content in (*kept, *decoded))
