"""Which commits an environment has not run yet: what an approver really lets in."""

from slipway.clients.git import cloned
from slipway.model import Change, Commit, Release
from slipway.report import previous_version
from slipway.service import Service
from slipway.settings import Settings


def commits_since(
    service: Service, release: Release, change: Change, settings: Settings
) -> tuple[Commit, ...]:
    """Commits between the version that `change` replaces and `release`, newest first.

    Where the replaced version cannot be told, or has no tag, the release's own commits. Raises the
    Git client's errors.
    """
    before = previous_version(change, release.version)
    if before is None or before == release.previous:
        return release.commits
    source = service.source
    token = settings.secret("source_token")
    with cloned(source.repository, source.branch, token, depth=None, tags=True) as clone:
        tag = service.release.tag_format.format(version=before)
        since = clone.tags().get(tag)
        return tuple(clone.log(since, release.sha, source.path)) if since else release.commits
