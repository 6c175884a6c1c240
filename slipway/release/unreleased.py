"""Which commits an environment has not run yet: what an approver really lets in."""

from slipway.clients.git import Clone, cloned
from slipway.gates.authors import Authors, authors_of
from slipway.model import Change, Commit, Release
from slipway.release.versions import tag_of
from slipway.report import previous_version
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Value


class Unreleased(Value):
    """What an approver would let in, and whose work it is."""

    commits: tuple[Commit, ...]  # newest first
    authors: Authors


def unreleased(
    service: Service, release: Release, change: Change, settings: Settings
) -> Unreleased:
    """The commits between the version that `change` replaces and `release`, and who made them.

    Where the replaced version cannot be told, or has no tag, the commits are the release's own, and
    everybody who ever committed to the source counts as an author: nobody is to approve their own
    work for that. Raises the Git client's errors.
    """
    before = previous_version(change, release.version)
    if before is not None and before == release.previous:
        return Unreleased(
            commits=release.commits, authors=Authors(names=authors_of(release.commits))
        )
    source = service.source
    token = settings.secret("source_token")
    with cloned(source.repository, source.branch, token, depth=None, tags=True) as clone:
        since = _tag(clone, service, before)
        found = tuple(clone.log(since, release.sha, source.path))
    made = Authors(names=authors_of(found), told=since is not None)
    return Unreleased(commits=found if since else release.commits, authors=made)


def _tag(clone: Clone, service: Service, version: str | None) -> str | None:
    """The commit of a version's tag, where there is one."""
    if version is None:
        return None
    return clone.tags().get(tag_of(version, service.release.tag_format))


def commits_since(
    service: Service, release: Release, change: Change, settings: Settings
) -> tuple[Commit, ...]:
    """Only the commits; the release's own where the replaced version cannot be told.

    Raises the Git client's errors.
    """
    if previous_version(change, release.version) is None:
        return release.commits
    return unreleased(service, release, change, settings).commits
