"""What is known about an image, as one value: signed, listed, scanned; and told on the forge."""

from slipway.clients.github import GitHub
from slipway.clients.registry import open_repository
from slipway.evidence import attached, provenance, sbom
from slipway.evidence.attached import Subject
from slipway.evidence.attest import SIGNED, Signed, bill_judge, sign
from slipway.evidence.notes import with_image
from slipway.evidence.provenance import Wanted
from slipway.evidence.scan import Scanned, scan
from slipway.evidence.statement import Refused
from slipway.evidence.verify import provenance_judge, trusted_keys
from slipway.model import Evidence, Image, Release
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

_UNCHECKED = "not checked: no key is trusted"
_NO_BILL = "none that is signed is attached"


def attest(
    service: Service, release: Release, image: Image, settings: Settings, run: str
) -> Evidence:
    """Sign for the image, scan it, and write what is known into the release's page.

    Raises Conflict when a trusted key has signed something else about the image, NotTrusted when
    the scan speaks against it.
    """
    watch = Stopwatch()
    signed = sign(service, release, image, settings, run)
    scanned = scan(service, image, settings)
    evidence = _evidence(image, signed, scanned, watch)
    _tell(service, release, image, evidence, settings)
    if scanned.objection:
        raise scanned.objection
    return evidence


def examine(service: Service, release: Release, image: Image, settings: Settings) -> Evidence:
    """What is known about an image that was built before. Nothing is signed; it is scanned anew.

    Raises NotTrusted when the scan speaks against it.
    """
    watch = Stopwatch()
    signed = _read(service, release, image, settings)
    scanned = scan(service, image, settings)
    if scanned.objection:
        raise scanned.objection
    return _evidence(image, signed, scanned, watch)


def _evidence(image: Image, signed: Signed, scanned: Scanned, watch: Stopwatch) -> Evidence:
    return Evidence(
        digest=image.digest,
        key=signed.key,
        provenance=signed.provenance,
        sbom=signed.sbom,
        scan=scanned.report,
        timing=watch.read(),
    )


def _read(service: Service, release: Release, image: Image, settings: Settings) -> Signed:
    if not settings.trusted_keys and settings.optional("signing_key") is None:
        return Signed(None, _UNCHECKED, _UNCHECKED)
    keys = trusted_keys(settings)
    with open_repository(image.repository, settings) as repository:
        manifest = repository.manifest(image.digest)
        wanted = Wanted.by(service, release)
        found = attached.find(
            Subject(repository, manifest, provenance.PREDICATE),
            provenance_judge(keys, image.digest, wanted),
        )
        bill = attached.find(
            Subject(repository, manifest, sbom.PREDICATE), bill_judge(keys, image.digest)
        )
    listed = _NO_BILL if isinstance(bill, Refused) else sbom.summary(bill.predicate)
    if isinstance(found, Refused):
        return Signed(None, f"no provenance that counts: {found.sentence}", listed)
    return Signed(found.key.fingerprint, SIGNED, listed)


def _tell(
    service: Service, release: Release, image: Image, evidence: Evidence, settings: Settings
) -> None:
    """Write the evidence into the notes of the release; a page that is gone is left alone."""
    token = settings.secret("source_token")
    with GitHub(settings.github_api_url, service.source.repository, token) as forge:
        page = forge.release(release.tag)
        notes = with_image(page.body, image, evidence) if page else ""
        if page and notes != page.body:
            forge.rewrite(page, notes)
