"""Lead time, deployment frequency, change failure rate and recovery time of a service."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from slipway import ledger
from slipway.clients.git import cloned
from slipway.ledger.entries import Ledger
from slipway.metrics.figures import Figures, deployments, figures
from slipway.release.versions import Version, tag_of
from slipway.service import Service
from slipway.settings import Settings

__all__ = ["Figures", "measure"]


def measure(service: Service, settings: Settings, days: int, now: datetime) -> Figures:
    """The figures of the last environment in so many days up to `now`; changes nothing.

    Raises what reading the two repositories raises.
    """
    environment = service.environments[-1].name
    known = ledger.read(service, settings)
    commits = _commits(service, settings, known, environment)
    every = deployments(known, environment, commits)
    return figures(service.service, environment, every, now - timedelta(days=days), now)


def _commits(
    service: Service, settings: Settings, known: Ledger, environment: str
) -> dict[str, Sequence[datetime]]:
    """When the commits of each proven version were made; a version without its tags is left out."""
    releases = {p.release.version: p.release for p in known.proven if p.environment == environment}
    if not releases:
        return {}
    source, token = service.source, settings.optional("source_token")
    with cloned(source.repository, source.branch, token, depth=None, tags=True) as clone:
        tags = clone.fetched_tags()
        found: dict[str, Sequence[datetime]] = {}
        for version, release in releases.items():
            previous = _tag(release.previous, service)
            if release.tag not in tags or (previous and previous not in tags):
                continue
            span = f"{tags[previous]}..{tags[release.tag]}" if previous else tags[release.tag]
            found[version] = [
                commit.committed_datetime.astimezone(UTC)
                for commit in clone.repo.iter_commits(span, paths=source.path)
            ]
    return found


def _tag(previous: str | None, service: Service) -> str:
    version = Version.parsed(previous) if previous else None
    return tag_of(version, service.release.tag_format) if version else ""
