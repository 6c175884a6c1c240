"""Attestations of an image in its registry, where cosign looks for them.

Twice: as a layer of the image `sha256-….att` (cosign's own way, read everywhere), and as a Sigstore
bundle that refers to the image (OCI 1.1). Both are lists that others may write to as well: what is
there stays, and one that counts is not put there again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slipway.clients import registry_lists
from slipway.clients.oci import OCI_MANIFEST, Blob, Manifest, canonical
from slipway.clients.registry import Repository
from slipway.errors import NotFound
from slipway.evidence.envelope import Envelope
from slipway.evidence.keys import PublicKey
from slipway.evidence.statement import Accepted, Refused

ENVELOPE = "application/vnd.dsse.envelope.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER_KIND, _BUNDLE_KIND = "predicateType", "dev.sigstore.bundle.predicateType"
_MOST = 100  # attestations of one kind that are looked at
Way = Literal["tag", "referrer"]
WAYS: tuple[Way, ...] = ("tag", "referrer")
Judge = Callable[[Iterable[Any]], Accepted | Refused]


@dataclass(frozen=True)
class Subject:
    """An image, and the kind of attestation that is meant."""

    repository: Repository
    image: Manifest
    kind: str  # predicate type

    @property
    def tag(self) -> str:
        """The tag that cosign keeps the image's attestations under."""
        return f"{self.image.digest.replace(':', '-')}.att"


def find(subject: Subject, judge: Judge) -> Accepted | Refused:
    """The first attestation that counts, in whichever way it is attached."""
    return _one(_found(subject, judge, way) for way in WAYS)


def ensure(subject: Subject, judge: Judge, make: Callable[[], Envelope]) -> Accepted | Refused:
    """Have an attestation that counts attached in both ways; `make` signs one if there is none.

    What is there and signed by a trusted key, but says something else, is left alone: nothing is
    attached beside it. The answer is what a new look at the registry gives.
    """
    found = {way: _found(subject, judge, way) for way in WAYS}
    known = _one(found.values())
    if isinstance(known, Refused) and known.contradiction:
        return known
    envelope = make() if isinstance(known, Refused) else known.envelope
    made = judge([envelope.document])
    if isinstance(made, Refused):
        return made
    for way in (way for way in WAYS if isinstance(found[way], Refused)):
        _add(subject, envelope, made.key, way)
        found[way] = _found(subject, judge, way)
    return next((look for look in found.values() if isinstance(look, Refused)), found["tag"])


def _add(subject: Subject, envelope: Envelope, key: PublicKey, way: Way) -> None:
    if way == "tag":
        _add_layer(subject, envelope)
    else:
        _add_bundle(subject, envelope, key)


def _found(subject: Subject, judge: Judge, way: Way) -> Accepted | Refused:
    return judge(_layers(subject) if way == "tag" else _bundles(subject))


def _one(looks: Iterable[Accepted | Refused]) -> Accepted | Refused:
    """The first that is accepted; else everything that spoke against the others."""
    refused: list[Refused] = []
    for look in looks:
        if isinstance(look, Accepted):
            return look
        refused.append(look)
    reasons = tuple(reason for each in refused for reason in each.reasons)
    return Refused(reasons, next((e.contradiction for e in refused if e.contradiction), None))


def bundle(envelope: Envelope, key: PublicKey) -> dict[str, Any]:
    """The Sigstore bundle of an envelope that a key without a certificate has signed."""
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": key.hint}, "tlogEntries": []},
        "dsseEnvelope": envelope.document,
    }


def _layers(subject: Subject) -> Iterator[Any]:
    """The envelopes under cosign's tag, unchecked; None for one that is not there any more."""
    manifest = subject.repository.find(subject.tag)
    for layer in _of_kind(_listed(manifest), _LAYER_KIND, subject.kind):
        if layer.get("mediaType") == ENVELOPE:
            yield _blob(subject.repository, layer)


def _bundles(subject: Subject) -> Iterator[Any]:
    """The envelopes in bundles that refer to the image, unchecked."""
    entries = registry_lists.referrers(subject.repository, subject.image.digest, BUNDLE)
    for entry in _of_kind(entries, _BUNDLE_KIND, subject.kind):
        manifest = subject.repository.find(str(entry.get("digest")))
        for layer in _listed(manifest)[:1]:
            yield (_blob(subject.repository, layer) or {}).get("dsseEnvelope")


def _of_kind(
    descriptors: Sequence[dict[str, Any]], annotation: str, kind: str
) -> list[dict[str, Any]]:
    """Those that say to be of the kind, or do not say what they are."""
    said = [(each.get("annotations") or {}).get(annotation, kind) for each in descriptors]
    return [each for each, what in zip(descriptors, said, strict=True) if what == kind][:_MOST]


def _listed(manifest: Manifest | None) -> list[dict[str, Any]]:
    found = manifest.document.get("layers") if manifest else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _blob(repository: Repository, descriptor: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return repository.json_blob(str(descriptor.get("digest")))
    except NotFound:
        return None


def _add_layer(subject: Subject, envelope: Envelope) -> None:
    blob = Blob.of(canonical(envelope.document))
    annotations = {"dev.cosignproject.cosign/signature": "", _LAYER_KIND: subject.kind}
    layer = blob.descriptor(ENVELOPE, annotations=annotations)
    subject.repository.upload(blob)

    def with_layer(current: Manifest | None) -> Manifest | None:
        layers = _listed(current)
        if any(each.get("digest") == blob.digest for each in layers):
            return None
        return _attestations(subject.repository, current, [*layers, layer])

    registry_lists.update(subject.repository, subject.tag, with_layer)


def _attestations(
    repository: Repository, current: Manifest | None, layers: list[dict[str, Any]]
) -> Manifest:
    """The image whose layers are the envelopes; its configuration is what makes it one."""
    config = Blob.of(
        canonical(
            {
                "architecture": "",
                "os": "",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [each["digest"] for each in layers]},
            }
        )
    )
    repository.upload(config)
    before = current.document if current else {"schemaVersion": 2, "mediaType": OCI_MANIFEST}
    return Manifest.of(
        {
            **before,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(_CONFIG),
            "layers": layers,
        }
    )


def _add_bundle(subject: Subject, envelope: Envelope, key: PublicKey) -> None:
    empty, content = Blob.of(b"{}"), Blob.of(canonical(bundle(envelope, key)))
    for blob in (empty, content):
        subject.repository.upload(blob)
    image = subject.image
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": BUNDLE,
        "config": empty.descriptor(_EMPTY),
        "layers": [content.descriptor(BUNDLE)],
        "subject": {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.body),
        },
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            _BUNDLE_KIND: subject.kind,
        },
    }
    registry_lists.refer(subject.repository, Manifest.of(document))
