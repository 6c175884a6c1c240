"""What runs where: what the GitOps repository asks for, and whether that is proven or only claimed.

The same decision as in the sync wait, on one reading; nothing is written, refreshed or started.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from slipway import gitops
from slipway.clients.git import Clone, cloned
from slipway.engines.interface import engine_for
from slipway.errors import Retryable, SlipwayError
from slipway.gitops.before import own_commit
from slipway.gitops.claimed import claimed_image
from slipway.gitops.compute import contents
from slipway.manifests.claims import Claim, claimed
from slipway.model import EnvironmentStatus
from slipway.readiness.judge import holds_now
from slipway.readiness.verdict import Ready, Verdict
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.sync import wanted_of
from slipway.sync.knowledge import Knowledge
from slipway.timing import Stopwatch


class _Asked(NamedTuple):
    """What the repository asks for in one environment, and the commit that did so."""

    claim: Claim
    revision: str


def status(service: Service, settings: Settings) -> tuple[EnvironmentStatus, ...]:
    """One row for each environment, in the order of the service file.

    Raises what reading the GitOps repository raises; an engine's trouble is in its row.
    """
    repository = service.gitops
    token = settings.optional("gitops_token")
    with cloned(repository.repository, repository.branch, token, sparse=True) as clone:
        asked = [_asked(clone, service, environment) for environment in service.environments]
    pairs = zip(service.environments, asked, strict=True)
    return tuple(_row(service, environment, each, settings) for environment, each in pairs)


def _asked(clone: Clone, service: Service, environment: Environment) -> _Asked:
    claim = claimed(environment, contents(clone, environment, clone.head))
    found = own_commit(
        clone,
        {
            "Slipway-Service": service.service,
            "Slipway-Environment": environment.name,
            "Slipway-Version": claim.version,
        },
    )
    return _Asked(claim, found[0] if found else clone.head)


def _row(
    service: Service, environment: Environment, asked: _Asked, settings: Settings
) -> EnvironmentStatus:
    claim = asked.claim
    row = EnvironmentStatus(
        environment=environment.name,
        version=claim.version,
        digest=claim.digest,
        revision=asked.revision,
        reason="the files do not name one version",
    )
    if not claim.version:
        return row
    try:
        return _observed(service, environment, asked, settings, row)
    except SlipwayError as error:
        unknown = "unknown: " if isinstance(error, Retryable) else ""
        return row.model_copy(update={"reason": f"{unknown}{error.message}"})


def _observed(
    service: Service,
    environment: Environment,
    asked: _Asked,
    settings: Settings,
    row: EnvironmentStatus,
) -> EnvironmentStatus:
    watch, application = Stopwatch(), environment.application
    image = claimed_image(service, asked.claim, settings)
    lineage = partial(gitops.lineage, service, environment, image, settings, asked.revision)
    with engine_for(application, settings, service.gitops) as engine:
        seen = engine.observe(application)
        known = Knowledge(lineage, settings, watch, asked.revision).about(seen)
        files = tuple(update.file for update in environment.updates)
        wanted = wanted_of(application, image, asked.revision, files)
        verdict = holds_now(seen, wanted, known, watch.now())
        return row.model_copy(
            update={
                "digest": image.digest,
                "sync": seen.sync,
                "health": seen.health,
                "since": verdict.healthy_since if isinstance(verdict, Ready) else seen.health_since,
                "url": engine.link(application),
            }
            | _proof(verdict, application.settle, watch.now())
        )


def _proof(verdict: Verdict, settle: timedelta, now: datetime) -> dict[str, object]:
    """Proven is what holds now and has held for the settle time."""
    if not isinstance(verdict, Ready):
        return {"proven": False, "reason": verdict.reason}
    if now - verdict.healthy_since < settle:
        return {"proven": False, "reason": "healthy, but not for long enough yet"}
    return {"proven": True, "reason": verdict.summary}
