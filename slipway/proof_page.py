"""The part of a release's page that tells where its version was proven, and where taken back."""

from collections.abc import Iterator

from slipway import ledger
from slipway.clients.github import GitHub
from slipway.ledger.entries import Ledger
from slipway.markdown import code, escape, moment
from slipway.release.blocks import with_block
from slipway.release.versions import tag_of
from slipway.service import Service
from slipway.settings import Settings


def tell_proof(service: Service, version: str, settings: Settings) -> bool:
    """Write it as the ledger has it now; whether something had to be written.

    A page that is not there, or not public, is left alone. Raises what reading the ledger and
    GitHub raises.
    """
    lines = list(_lines(ledger.read(service, settings), service, version))
    tag = tag_of(version, service.release.tag_format)
    url, token = service.source.repository, settings.secret("source_token")
    with GitHub(settings.github_api_url, url, token) as forge:
        page = forge.release(tag)
        if page is None or page.draft or not lines:
            return False
        notes = with_block(page.body, "proof", ["### Proven", "", *lines])
        if notes != page.body:
            forge.rewrite(page, notes)
        return notes != page.body


def _lines(known: Ledger, service: Service, version: str) -> Iterator[str]:
    for place in (environment.name for environment in service.environments):
        proofs = [e for e in known.proven if (e.environment, e.image.version) == (place, version)]
        backs = [e for e in known.rollbacks if (e.environment, e.version) == (place, version)]
        at = proofs[0].at if proofs else None
        if proofs:
            image, revision = code(proofs[0].image.digest), code(proofs[0].revision[:10])
            yield f"* **{escape(place)}**, {moment(proofs[0].at)}: {image}, by commit {revision}"
        if backs and (at is None or backs[0].at > at):
            back = f"taken back to {code(backs[0].to)}, {moment(backs[0].at)}"
            yield f"* **{escape(place)}**: {back}: {escape(backs[0].reason, 300)}"
