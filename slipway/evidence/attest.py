"""Signs for an image and attaches what was signed: its provenance and its bill of materials.

Safe to repeat: what is attached and counts is used, whoever attached it. Everything is about the
digest; no tag of the image is looked at.
"""

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from slipway.clients import tools
from slipway.clients.git import cloned
from slipway.clients.oci import Manifest, canonical
from slipway.clients.registry import Repository, credential_of, is_plain, open_repository
from slipway.clients.scratch import scratch
from slipway.errors import Conflict, InvalidInput, Retryable
from slipway.evidence import attached, generators, provenance, sbom
from slipway.evidence.attached import Judge, Subject
from slipway.evidence.envelope import Envelope
from slipway.evidence.generators import Bill, NoBill, Order
from slipway.evidence.keys import PublicKey, Signer
from slipway.evidence.provenance import Wanted
from slipway.evidence.statement import Accepted, Refused, judge, statement
from slipway.evidence.verify import provenance_judge, trusted_keys
from slipway.model import Image, Release
from slipway.service import Service
from slipway.settings import Settings

SIGNED = "signed provenance, attached and verified"


class Signed(NamedTuple):
    """What is attached to an image and was verified there."""

    key: str | None  # fingerprint of the key that signed the provenance
    provenance: str  # one sentence
    sbom: str  # one sentence


def sign(service: Service, release: Release, image: Image, settings: Settings, run: str) -> Signed:
    """Have signed provenance and a bill of materials attached to the image, once each.

    Raises Conflict when a trusted key has signed something else about the image, InvalidInput for
    a key that cannot be used, and what the registry's client raises.
    """
    pem = settings.optional("signing_key")
    if pem is None:
        return Signed(None, "not signed: SLIPWAY_SIGNING_KEY is not set", "none: nothing is signed")
    signer, keys = Signer(pem), trusted_keys(settings)
    if signer.public not in keys:
        raise InvalidInput(
            "SLIPWAY_TRUSTED_KEYS does not hold the public half of SLIPWAY_SIGNING_KEY",
            "add it: what this installation signs would not count here",
        )
    with open_repository(image.repository, settings, push=True) as repository:
        manifest = repository.manifest(image.digest)
        bench = _Bench(service, release, image, settings, signer, keys, repository, manifest)
        key = _attach_provenance(bench, run)  # first: a conflict leaves nothing attached
        listed = _attach_bill(bench)
    return Signed(key.fingerprint, SIGNED, listed)


@dataclass(frozen=True)
class _Bench:
    """What is worked on, and with what."""

    service: Service
    release: Release
    image: Image
    settings: Settings
    signer: Signer
    keys: Sequence[PublicKey]
    repository: Repository
    manifest: Manifest

    def subject(self, kind: str) -> Subject:
        return Subject(self.repository, self.manifest, kind)

    def signed(self, document: dict[str, Any]) -> Envelope:
        return Envelope.signed(canonical(document), self.signer)


def _attach_provenance(bench: _Bench, run: str) -> PublicKey:
    wanted = Wanted.by(bench.service, bench.release)
    found = attached.ensure(
        bench.subject(provenance.PREDICATE),
        provenance_judge(bench.keys, bench.image.digest, wanted),
        lambda: bench.signed(provenance.provenance(bench.service, bench.release, bench.image, run)),
    )
    return _certain(found, bench.image).key


def _attach_bill(bench: _Bench) -> str:
    """The sentence about the bill of materials."""
    if not bench.service.image.sbom:
        return "none: image.sbom is false"
    subject, decide = bench.subject(sbom.PREDICATE), bill_judge(bench.keys, bench.image.digest)
    found = attached.find(subject, decide)
    if isinstance(found, Refused):
        made = _bill(bench)
        if isinstance(made, NoBill):
            return f"none: {made.reason}"
        listed = made.document
    else:
        listed = found.predicate
    document = statement(bench.image.repository, bench.image.digest, sbom.PREDICATE, listed)
    ensured = attached.ensure(subject, decide, lambda: bench.signed(document))
    return sbom.summary(_certain(ensured, bench.image).predicate)


def bill_judge(keys: Sequence[PublicKey], digest: str) -> Judge:
    """Judges envelopes: a bill of materials of `digest`, signed by one of the keys."""

    def decide(documents: Iterable[Any]) -> Accepted | Refused:
        return judge(documents, keys, digest, sbom.PREDICATE)

    return decide


def _bill(bench: _Bench) -> Bill | NoBill:
    image, settings = bench.image, bench.settings
    ready = generators.available()
    plain, credential = is_plain(image.repository, settings), credential_of(settings)
    with (
        tools.bench(bench.repository.host, credential, plain) as place,
        contextlib.ExitStack() as later,
    ):
        source = functools.cache(lambda: later.enter_context(_source(bench)))
        return generators.first_bill(ready, Order(image, source, place))


@contextlib.contextmanager
def _source(bench: _Bench) -> Iterator[Path]:
    """A folder with the service's files as they are in the release commit."""
    source, token = bench.service.source, bench.settings.optional("source_token")
    with scratch() as folder:
        with cloned(source.repository, source.branch, token) as clone:
            clone.export(bench.release.sha, source.path, folder)
        yield folder


def _certain(found: Accepted | Refused, image: Image) -> Accepted:
    if isinstance(found, Accepted):
        return found
    if found.contradiction:
        raise Conflict(
            f"{image.reference} has signed provenance of something else: {found.contradiction}",
            "nothing was attached; release a new version, or find out who signed that",
        )
    raise Retryable(
        f"what was attached to {image.reference} is not there: {found.sentence}",
        "somebody else writes to its attestations, or the registry lags; retry",
    )
