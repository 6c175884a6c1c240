"""Checks an image's signed provenance at its registry, now and by digest."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from slipway.clients.registry import Repository, open_repository
from slipway.errors import InvalidInput, NotTrusted
from slipway.evidence import attached, provenance
from slipway.evidence.attached import Subject
from slipway.evidence.keys import PublicKey, Signer, public_keys
from slipway.evidence.provenance import Build, Wanted
from slipway.evidence.statement import Accepted, Refused, judge
from slipway.model import Image, Release, Verification
from slipway.service import Service
from slipway.settings import Settings

_NAME = re.compile(
    r"([a-z0-9.-]+(?::\d+)?(?:/[a-z0-9._-]+)+)(?::([\w][\w.-]*)|@(sha256:[0-9a-f]{64}))"
)


def verify(service: Service, release: Release, image: Image, settings: Settings) -> Verification:
    """What the image's provenance says, if it is the release's and signed by a trusted key.

    Raises NotTrusted with every reason, InvalidInput when no key is trusted.
    """
    keys = trusted_keys(settings)
    with open_repository(image.repository, settings) as repository:
        found = look(repository, image.digest, keys, Wanted.by(service, release))
    return accepted(image.reference, found)


def verify_by_name(name: str, wanted: Wanted, settings: Settings) -> Verification:
    """As `verify`, for `repository@digest`, or for the digest that `repository:tag` stands for now.

    Raises InvalidInput for any other name.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InvalidInput(f"{name!r} names no image", "write HOST/REPOSITORY@DIGEST or …:TAG")
    repository_name, tag, digest = match.groups()
    keys = trusted_keys(settings)
    with open_repository(repository_name, settings) as repository:
        found_digest = digest or repository.manifest(tag).digest
        found = look(repository, found_digest, keys, wanted)
    return accepted(f"{repository_name}@{found_digest}", found)


def is_image_name(name: str) -> bool:
    """Whether it is `host/repository@digest` or `host/repository:tag`."""
    return _NAME.fullmatch(name) is not None


def look(
    repository: Repository, digest: str, keys: Sequence[PublicKey], wanted: Wanted
) -> Accepted | Refused:
    """The provenance of a digest that is what is wanted, or why there is none."""
    subject = Subject(repository, repository.manifest(digest), provenance.PREDICATE)
    return attached.find(subject, provenance_judge(keys, digest, wanted))


def provenance_judge(keys: Sequence[PublicKey], digest: str, wanted: Wanted) -> attached.Judge:
    """Judges envelopes: provenance of `digest`, by one of the keys, that is what is wanted."""

    def decide(documents: Iterable[Any]) -> Accepted | Refused:
        return judge(documents, keys, digest, provenance.PREDICATE, wanted.objection)

    return decide


def accepted(reference: str, found: Accepted | Refused) -> Verification:
    """The provenance as a value. Raises NotTrusted."""
    if isinstance(found, Refused):
        raise NotTrusted(
            f"{reference} has no provenance that counts: {found.sentence}",
            "deliver the version with SLIPWAY_SIGNING_KEY set, or find out who pushed this image",
        )
    build = Build.of(found.predicate)
    return Verification(
        reference=reference,
        key=found.key.fingerprint,
        builder=build.builder,
        repository=build.repository,
        commit=build.commit,
        service=build.service,
        version=build.version,
        run=build.run,
        found=build.found,
    )


def trusted_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """The keys that may have signed: those of the settings, else the signing key's public half.

    Raises InvalidInput when there is neither, or one is unreadable.
    """
    if settings.trusted_keys:
        return public_keys(settings.trusted_keys)
    pem = settings.optional("signing_key")
    if pem is None:
        raise InvalidInput(
            "no key is trusted: SLIPWAY_TRUSTED_KEYS is not set, nor is SLIPWAY_SIGNING_KEY",
            "set SLIPWAY_TRUSTED_KEYS to the public keys that may have signed provenance",
        )
    return (Signer(pem).public,)
