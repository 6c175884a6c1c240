"""Signed statements: what counts, and every way to be refused."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from slipway.errors import InvalidInput
from slipway.evidence.envelope import Envelope
from slipway.evidence.keys import Private, Signer, public_keys
from slipway.evidence.provenance import PREDICATE, Wanted, builder_id, provenance
from slipway.evidence.statement import Accepted, Refused, judge
from slipway.model import Image, Release
from slipway.service import Service
from slipway.value import Timing

SHA, DIGEST, OTHER = "a" * 40, "sha256:" + "c" * 64, "sha256:" + "d" * 64
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
PEM = serialization.Encoding.PEM
Json = dict[str, Any]

SERVICE = Service.model_validate(
    {
        "service": "books-api",
        "source": {"repository": "https://forge.example/acme/books", "path": "api"},
        "image": {"repository": "registry.example/acme/books-api", "args": [["PORT", "80"]]},
        "gitops": {"repository": "https://forge.example/acme/gitops"},
        "environments": [
            {
                "name": "staging",
                "updates": [{"file": "values.yaml", "key": "image.tag"}],
                "application": {"name": "books-api"},
                "smoke": {"url": "https://staging.example/books"},
            }
        ],
    }
)
RELEASE = Release(
    service="books-api", version="1.2.0", tag="v1.2.0", sha=SHA, previous=None, commits=(),
    notes="", url="", created=True, timing=Timing(started=NOW),
)  # fmt: skip


def image(created: bool = True) -> Image:
    return Image(
        repository="registry.example/acme/books-api", version="1.2.0", digest=DIGEST, revision=SHA,
        builder="docker", created=created, timing=Timing(started=NOW, seconds=90),
    )  # fmt: skip


def private_pem(key: Private | rsa.RSAPrivateKey, form: str = "PKCS8") -> str:
    chosen = getattr(serialization.PrivateFormat, form)
    return key.private_bytes(PEM, chosen, serialization.NoEncryption()).decode()


@cache
def signer(kind: str = "ec", number: int = 0) -> Signer:
    made = {
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate,
    }
    return Signer(SecretStr(private_pem(made[kind]())))


def statement() -> Json:
    return provenance(SERVICE, RELEASE, image(), "run-1")


def envelope(said: Any = None, by: Signer | None = None) -> Json:
    return signed(statement() if said is None else said, by or signer())


def signed(said: Any, by: Signer) -> Json:
    return Envelope.signed(json.dumps(said).encode(), by).document


def verdict(*documents: Any, wanted: Wanted | None = None, digest: str = DIGEST) -> Any:
    asked = wanted or Wanted.by(SERVICE, RELEASE)
    return judge(documents, [signer().public], digest, PREDICATE, asked.objection)


def changed(*path: str, to: Any) -> Json:
    """The statement with one value replaced."""
    document = json.loads(json.dumps(statement()))
    place = document
    for name in path[:-1]:
        place = place[int(name)] if isinstance(place, list) else place[name]
    place[path[-1]] = to
    return document


OUTSIDE = ("predicate", "buildDefinition", "externalParameters")


def test_B47_provenance_names_builder_adapter_source_commit_version_and_run() -> None:
    document = statement()
    assert document["_type"] == "https://in-toto.io/Statement/v1"
    assert document["predicateType"] == "https://slsa.dev/provenance/v1"
    assert document["subject"] == [
        {"name": "registry.example/acme/books-api", "digest": {"sha256": "c" * 64}}
    ]
    definition, details = (
        document["predicate"]["buildDefinition"],
        document["predicate"]["runDetails"],
    )
    assert definition["buildType"] == "urn:slipway:build:docker:v1"
    outside = definition["externalParameters"]
    assert (outside["repository"], outside["ref"], outside["commit"], outside["path"]) == (
        "https://forge.example/acme/books", "refs/tags/v1.2.0", SHA, "api",
    )  # fmt: skip
    assert (outside["service"], outside["version"]) == ("books-api", "1.2.0")
    assert outside["image"]["dockerfile"] == "Dockerfile"
    assert outside["image"]["args"] == [["PORT", "80"]]
    assert definition["resolvedDependencies"] == [
        {
            "uri": "git+https://forge.example/acme/books@refs/tags/v1.2.0",
            "digest": {"gitCommit": SHA},
        }
    ]
    assert details["builder"] == {"id": "urn:slipway:builder:docker:v1"}
    assert details["metadata"] == {
        "invocationId": "run-1",
        "startedOn": "2026-11-03T12:00:00Z",
        "finishedOn": "2026-11-03T12:01:30Z",
    }


def test_an_image_that_was_found_is_said_to_be_found() -> None:
    predicate = provenance(SERVICE, RELEASE, image(created=False), "run-1")["predicate"]
    assert predicate["buildDefinition"]["internalParameters"] == {"image": "found"}
    assert predicate["runDetails"]["metadata"] == {"invocationId": "run-1"}


@pytest.mark.parametrize("kind", ["ec", "ed"])
def test_what_was_signed_is_accepted(kind: str) -> None:
    by = signer(kind)
    found = judge([envelope(by=by)], [by.public], DIGEST, PREDICATE)
    assert isinstance(found, Accepted)
    assert found.key == by.public
    assert found.predicate == statement()["predicate"]
    assert found.envelope.document["signatures"][0]["keyid"] == ""


def without_signature() -> Json:
    return {**envelope(), "signatures": []}


def with_payload(payload: bytes) -> Json:
    return {**envelope(), "payload": base64.b64encode(payload).decode()}


def of_type(payload_type: str) -> Json:
    return {**envelope(), "payloadType": payload_type}


TAMPERED: dict[str, tuple[Callable[[], Any], str]] = {
    "other digest": (lambda: envelope(changed("subject", "0", "digest", to={"sha256": "d" * 64})), "about another digest"),
    "sha512 of it": (lambda: envelope(changed("subject", "0", "digest", to={"sha512": "c" * 64})), "about another digest"),
    "no subject": (lambda: envelope(changed("subject", to=[])), "about another digest"),
    "changed payload": (lambda: with_payload(json.dumps(changed(*OUTSIDE, "commit", to="b" * 40)).encode()), "no trusted key has signed"),
    "wrong key": (lambda: envelope(by=signer("ec", 1)), "no trusted key has signed"),
    "wrong kind of key": (lambda: envelope(by=signer("ed", 1)), "no trusted key has signed"),
    "other payload type": (lambda: of_type("text/plain"), "payload type is 'text/plain'"),
    "other predicate type": (lambda: envelope(changed("predicateType", to="https://slsa.dev/provenance/v0.2")), "predicate type is 'https://slsa.dev"),
    "other builder id": (lambda: envelope(changed("predicate", "runDetails", "builder", "id", to="urn:x")), "names the builder urn:x, not docker"),
    "another of our builders": (lambda: envelope(changed("predicate", "runDetails", "builder", "id", to=builder_id("layer"))), "names the builder urn:slipway:builder:layer:v1"),
    "no signature": (without_signature, "carries no signature"),
    "empty signature": (lambda: {**envelope(), "signatures": [{"keyid": "", "sig": ""}]}, "no trusted key has signed"),
    "empty envelope": (dict, "carries no signature"),
    "no envelope": (lambda: None, "not a DSSE envelope"),
    "a list": (lambda: [envelope()], "not a DSSE envelope"),
    "payload that is not base64": (lambda: {**envelope(), "payload": "!"}, "payload is not base64"),
    "payload with a stray letter": (lambda: {**envelope(), "payload": "\n" + envelope()["payload"]}, "payload is not base64"),
    "no payload": (lambda: {**envelope(), "payload": None}, "has no payload"),
    "signature that is not base64": (lambda: {**envelope(), "signatures": [{"sig": "é"}]}, "sig is not base64"),
    "signed text": (lambda: Envelope.signed(b"hello", signer()).document, "not an in-toto statement"),
    "signed list": (lambda: envelope([1]), "not an in-toto statement"),
    "statement of another version": (lambda: envelope(changed("_type", to="https://in-toto.io/Statement/v0.1")), "not an in-toto statement"),
    "no predicate": (lambda: envelope(changed("predicate", to=None)), "has no predicate"),
    "no builder": (lambda: envelope(changed("predicate", "runDetails", to={})), "has no builder"),
    "no parameters": (lambda: envelope(changed(*OUTSIDE, to=1)), "has no externalParameters"),
    "commit that is no text": (lambda: envelope(changed(*OUTSIDE, "commit", to=7)), "has no commit"),
    "other source": (lambda: envelope(changed(*OUTSIDE, "repository", to="https://evil.example/x")), "names the repository https://evil.example/x"),
    "other commit": (lambda: envelope(changed(*OUTSIDE, "commit", to="b" * 40)), "names the commit bbbb"),
    "other version": (lambda: envelope(changed(*OUTSIDE, "version", to="1.1.0")), "names the version 1.1.0, not 1.2.0"),
    "other path": (lambda: envelope(changed(*OUTSIDE, "path", to=".")), "names the path ., not api"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_B48_tampering_is_refused_with_the_reason(case: str) -> None:
    make, reason = TAMPERED[case]
    found = verdict(make())
    assert isinstance(found, Refused)
    assert reason in found.sentence


def test_B48_nothing_attached_is_refused() -> None:
    assert verdict() == Refused(("none is attached",))


def test_B48_no_trusted_key_trusts_nothing() -> None:
    assert isinstance(judge([envelope()], [], DIGEST, PREDICATE), Refused)


@pytest.mark.parametrize("case", TAMPERED)
def test_B49_a_bad_one_beside_a_good_one_does_no_harm(case: str) -> None:
    bad = TAMPERED[case][0]()
    assert isinstance(verdict(bad, envelope()), Accepted)
    assert isinstance(verdict(envelope(), bad), Accepted)


def test_B49_only_bad_ones_are_refused_with_every_reason() -> None:
    found = verdict(without_signature(), envelope(by=signer("ec", 1)), without_signature())
    assert isinstance(found, Refused)
    assert found.sentence == "it carries no signature; no trusted key has signed it"


def test_B49_one_good_signature_among_others_is_enough() -> None:
    both = envelope()
    both["signatures"] = [*envelope(by=signer("ec", 1))["signatures"], *both["signatures"]]
    assert isinstance(verdict(both), Accepted)


def test_B50_a_copy_under_another_name_keeps_its_provenance() -> None:
    assert isinstance(verdict(envelope(changed("subject", "0", "name", to="mirror/x"))), Accepted)


def test_another_service_file_may_deliver_the_same_image() -> None:
    assert isinstance(verdict(envelope(changed(*OUTSIDE, "service", to="shop"))), Accepted)


def test_B34_what_a_trusted_key_says_instead_is_a_contradiction() -> None:
    other = envelope(changed(*OUTSIDE, "commit", to="b" * 40))
    assert "names the commit" in (verdict(other).contradiction or "")
    assert verdict(envelope(by=signer("ec", 1))).contradiction is None


def test_what_is_not_asked_for_may_be_anything() -> None:
    anything = Wanted()
    for case in ("other source", "other commit", "other version", "another of our builders"):
        assert isinstance(verdict(TAMPERED[case][0](), wanted=anything), Accepted)
    assert isinstance(verdict(TAMPERED["other builder id"][0](), wanted=anything), Refused)


@given(st.binary(max_size=200), st.binary(max_size=80))
@settings(max_examples=60, deadline=None)
def test_no_bytes_are_taken_for_a_signature(payload: bytes, signature: bytes) -> None:
    document = Envelope(payload, (signature,)).document
    assert isinstance(verdict(document), Refused)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["_type", "subject", "predicate", "predicateType", "payload", "signatures", "sig", "digest"]), inner, max_size=4), max_leaves=12))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_is_attached_or_signed_is_judged_without_an_error(value: Any) -> None:
    assert isinstance(verdict(value), Refused)
    assert isinstance(verdict(signed(value, signer())), Refused)


@pytest.mark.parametrize("form", ["PKCS8", "TraditionalOpenSSL"])
def test_a_key_is_read_in_both_forms_and_with_escaped_lines(form: str) -> None:
    text = private_pem(ec.generate_private_key(ec.SECP256R1()), form)
    first, second = Signer(SecretStr(text)), Signer(SecretStr(text.replace("\n", "\\n")))
    assert first.public == second.public
    assert public_keys(first.public.pem + signer("ed").public.pem) == (
        first.public,
        signer("ed").public,
    )
    assert public_keys(first.public.pem.replace("\n", "\\n")) == (first.public,)


def _encrypted() -> str:
    password = serialization.BestAvailableEncryption(b"word")
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, password).decode()


BAD_KEYS: dict[str, Callable[[], str]] = {
    "a word": lambda: "hunter2-hunter2",
    "half a key": lambda: private_pem(ec.generate_private_key(ec.SECP256R1()))[:90],
    "a public key": lambda: signer().public.pem,
    "encrypted": _encrypted,
    "cosign's own form": lambda: "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nYWJj\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
    "RSA": lambda: private_pem(rsa.generate_private_key(65537, 2048)),
    "another curve": lambda: private_pem(ec.generate_private_key(ec.SECP384R1())),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_KEYS)
def test_B52_X14_an_unusable_key_names_the_setting_and_not_the_value(case: str) -> None:
    text = BAD_KEYS[case]()
    with pytest.raises(InvalidInput, match="SLIPWAY_SIGNING_KEY") as caught:
        Signer(SecretStr(text))
    assert not any(line in str(caught.value) for line in text.splitlines())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.mark.parametrize(
    "text", ["nonsense", "-----BEGIN PUBLIC KEY-----\nYWJj\n-----END PUBLIC KEY-----"]
)
def test_an_unusable_trusted_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="SLIPWAY_TRUSTED_KEYS"):
        public_keys(text)


def test_X12_a_key_is_not_shown() -> None:
    text = private_pem(ec.generate_private_key(ec.SECP256R1()))
    shown = repr(Signer(SecretStr(text)))
    assert text.splitlines()[1] not in shown
