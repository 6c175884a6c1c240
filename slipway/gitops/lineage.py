"""How a revision that an engine reports relates to the commit that was written."""

from slipway.clients.git import cloned
from slipway.errors import Retryable
from slipway.gitops.compute import contents
from slipway.manifests.edits import holds
from slipway.model import Image, Lineage
from slipway.readiness.references import is_full_sha
from slipway.service import Environment, Service
from slipway.settings import Settings


def lineage(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    wanted: str,
    observed: str,
) -> Lineage:
    """How the revision an engine reports relates to the commit that was written.

    "unknown" also while the repository cannot be read; Final errors (a token that was revoked, a
    repository that is gone) are raised.
    """
    if wanted == observed:
        return "same"
    if not (is_full_sha(wanted) and is_full_sha(observed)):
        return "unknown"
    gitops = service.gitops
    try:
        with cloned(
            gitops.repository, gitops.branch, settings.optional("gitops_token"), sparse=True
        ) as clone:
            contained = clone.contains(observed, wanted)
            if contained is None:
                return "unknown"
            if not contained:
                return "without"
            written = contents(clone, environment, wanted)
            kept = holds(environment, image, clone.read_all(written, observed), written)
            return "newer" if kept else "changed"
    except Retryable:
        return "unknown"
