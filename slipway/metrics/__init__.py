"""Lead time, deployment frequency, change failure rate and recovery time of a service."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from slipway import ledger
from slipway.clients.git import Clone, cloned
from slipway.errors import InvalidInput
from slipway.ledger.entries import Proven
from slipway.ledger.files import reaches_back_to
from slipway.metrics.deployments import brought, deployments
from slipway.metrics.figures import Figures, figures
from slipway.release.plan import release_subject
from slipway.release.versions import tag_of
from slipway.service import Service
from slipway.settings import Settings

__all__ = ["Figures", "measure"]

_LONGEST = 3660  # days


def measure(service: Service, settings: Settings, days: int, now: datetime) -> Figures:
    """The figures of the last environment in so many days up to `now`; changes nothing.

    Raises InvalidInput for days that are none, and what reading the two repositories raises.
    """
    if not 0 < days <= _LONGEST:
        raise InvalidInput(f"days: {days} is no span of time", f"give 1 to {_LONGEST} days")
    environment, since = service.environments[-1].name, now - timedelta(days=days)
    known = ledger.read(service, settings)
    commits = _commits(service, settings, brought(known, environment))
    every = deployments(known, environment, commits)
    return figures(
        service.service, environment, every, since, now,
        whole=reaches_back_to(known, environment, since),
    )  # fmt: skip


def _commits(
    service: Service, settings: Settings, proofs: Sequence[Proven]
) -> dict[str, Sequence[datetime]]:
    """When the commits were made that each proof was the first to bring, by version.

    A version whose commits cannot be told is left out.
    """
    if not proofs:
        return {}
    source, token = service.source, settings.optional("source_token")
    with cloned(source.repository, source.branch, token, depth=None, tags=True) as clone:
        oldest = proofs[0].release.previous
        tag = tag_of(oldest, service.release.tag_format) if oldest else ""
        since = clone.fetched_tags().get(tag)
        seen: set[str] = set()
        found: dict[str, Sequence[datetime]] = {}
        for release in (proof.release for proof in proofs):
            if clone.contains(clone.head, release.sha) is None:
                continue
            if since:
                found[release.version] = list(_made(clone, service, since, release.sha, seen))
            since = release.sha
    return found


def _made(
    clone: Clone, service: Service, since: str, until: str, seen: set[str]
) -> Iterator[datetime]:
    """When the commits in between were made; not those seen before, merges, and releases."""
    release = release_subject(service)
    for commit in clone.written(since, until, service.source.path):
        if commit.sha not in seen and not commit.message.startswith(release):
            yield commit.at
        seen.add(commit.sha)
