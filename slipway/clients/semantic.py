"""Commits read with python-semantic-release: what each asks for, and the raised version.

The only module that imports it, and only its functions: it reads a configuration from the
repository it works on, which can run code, and its HTTP clients swallow errors. It promises no
Python API, so the dependency is pinned below the next major version and the replay of a real
history is a test.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from git import Commit, Repo
from semantic_release.commit_parser import (
    ConventionalCommitParser,
    ConventionalCommitParserOptions,
)
from semantic_release.enums import LevelBump
from semantic_release.version.version import Version as SemanticVersion

from slipway.release.versions import Intent, Level, Version

# The settings under which its versions are release-please's. `allowed_tags` must name all of them.
# A message is read whole, as one commit: a bullet in a squash body is not a commit of its own.
_OPTIONS = ConventionalCommitParserOptions(
    minor_tags=("feat", "feature"),
    patch_tags=("fix", "perf", "revert"),
    allowed_tags=(
        "feat", "feature", "fix", "perf", "revert",
        "build", "chore", "ci", "docs", "style", "refactor", "test",
    ),
)  # fmt: skip
_PARSER = ConventionalCommitParser(_OPTIONS)
_LEVELS = {
    LevelBump.NO_RELEASE: Level.NONE,
    LevelBump.PATCH: Level.PATCH,
    LevelBump.MINOR: Level.MINOR,
    LevelBump.MAJOR: Level.MAJOR,
}
_BUMPS = {level: bump for bump, level in _LEVELS.items()}


def changes(repo: Repo, since: str | None, until: str) -> list[Intent]:
    """What the commits in `until` but not in `since` ask for, newest first; merges do not count."""
    span = f"{since}..{until}" if since else until
    commits = repo.iter_commits(span, topo_order=True)
    return [_of_commit(commit) for commit in commits if not _PARSER.is_merge_commit(commit)]


def _of_commit(commit: Commit) -> Intent:
    raw = commit.message
    return intent(raw if isinstance(raw, str) else raw.decode(errors="replace"), commit.hexsha)


def intent(message: str, sha: str) -> Intent:
    """What one commit asks for by its message."""
    found = _PARSER.parse_message(message.replace("\r", ""))
    if found is None:
        return Intent(sha, "other", Level.NONE)
    breaking = found.breaking_descriptions
    if found.bump is LevelBump.MAJOR and not breaking:  # only "!" says so
        breaking = found.descriptions[:1]
    return Intent(
        sha,
        found.type,
        _LEVELS[found.bump],
        found.scope,
        found.descriptions[0],
        found.linked_merge_request,
        breaking,
    )


def bumped(version: Version, level: Level) -> Version:
    """The version raised by a level."""
    raised = SemanticVersion(*version).bump(_BUMPS[level])
    return Version(raised.major, raised.minor, raised.patch)


def committed(repo: Repo, sha: str) -> datetime:
    """When a commit was made, by its committer, in UTC."""
    return datetime.fromtimestamp(repo.commit(sha).committed_date, UTC)


def first_parents(
    repo: Repo, since: str | None, until: str, path: str
) -> Iterator[tuple[str, str | None]]:
    """Commits of the branch's own line that touched `path`, newest first, each with its parent.

    `since` and what it contains are left out.
    """
    span = f"{since}..{until}" if since else until
    for commit in repo.iter_commits(span, paths=path, first_parent=True):
        yield commit.hexsha, commit.parents[0].hexsha if commit.parents else None


def tag_message(repo: Repo, tag: str) -> str:
    """Message of an annotated tag; empty when the clone has no such tag."""
    return str(repo.git.for_each_ref(f"refs/tags/{tag}", format="%(contents)"))
