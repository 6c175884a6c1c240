"""Commits read with python-semantic-release: what each asks for, and the raised version.

The only module that imports it, and only its functions: it reads a configuration from the
repository it works on, which can run code, and its HTTP clients swallow errors. It promises no
Python API, so the dependency is pinned below the next major version and the replay of a real
history is a test.
"""

import functools
import re
from datetime import UTC, datetime

from git import Repo
from semantic_release.commit_parser import (
    ConventionalCommitParser,
    ConventionalCommitParserOptions,
)
from semantic_release.enums import LevelBump
from semantic_release.version.version import Version as SemanticVersion

from slipway.clients.git import Clone
from slipway.release.messages import Message, messages_in, plain, summary
from slipway.release.versions import Intent, Level, Version
from slipway.service import Bumps, Service

_ANY = r"[^\s():!]+"  # a type, whatever it is: a breaking change counts in all of them
_KNOWN = re.compile(r"[a-z][a-z0-9-]{0,19}")
_LEVELS = {
    LevelBump.NO_RELEASE: Level.NONE,
    LevelBump.PATCH: Level.PATCH,
    LevelBump.MINOR: Level.MINOR,
    LevelBump.MAJOR: Level.MAJOR,
}
_BUMPS = {level: bump for bump, level in _LEVELS.items()}


@functools.cache
def _parser(bumps: Bumps) -> ConventionalCommitParser:
    return ConventionalCommitParser(
        ConventionalCommitParserOptions(
            minor_tags=bumps.minor,
            patch_tags=bumps.patch,
            allowed_tags=(*bumps.minor, *bumps.patch, _ANY),  # it must name the others again
        )
    )


def intents(text: str, sha: str, bumps: Bumps) -> list[Intent]:
    """What one commit asks for by its message: at least one, of the type "other" for none."""
    found = [_intent(message, sha, bumps) for message in messages_in(text)]
    counted = [each for each in found if each]
    return counted or [Intent(sha, "other", Level.NONE)]


def _intent(message: Message, sha: str, bumps: Bumps) -> Intent | None:
    parsed = _parser(bumps).parse_message(plain(message)) if message.kind else None
    if parsed is None:
        return Intent(sha, "other", Level.NONE, release_as=message.release_as)
    level = _LEVELS[parsed.bump]
    if message.footer and level is Level.NONE:
        return None  # "Reviewed-by: Ana" looks like a commit
    breaking = parsed.breaking_descriptions
    if level is Level.MAJOR and not breaking:  # only "!" says so
        breaking = (summary(parsed.descriptions),)
    return Intent(
        sha,
        message.kind if _KNOWN.fullmatch(message.kind) else "other",
        level,
        message.scope,
        summary(parsed.descriptions),
        parsed.linked_merge_request,
        breaking,
        message.release_as,
    )


def changes(clone: Clone, service: Service, since: str | None, until: str) -> list[Intent]:
    """What the commits in `until` but not in `since` ask for, newest first.

    Those that touch `source.path` count; merges do not.
    """
    bumps = service.release.bumps
    return [
        intent
        for commit in clone.written(since, until, service.source.path)
        for intent in intents(commit.message, commit.sha, bumps)
    ]


def bumped(version: Version, level: Level) -> Version:
    """The full version raised by a level."""
    raised = SemanticVersion(version.major, version.minor, version.patch).bump(_BUMPS[level])
    return Version(raised.major, raised.minor, raised.patch)


def committed(repo: Repo, sha: str) -> datetime:
    """When a commit was made, by its committer, in UTC."""
    return datetime.fromtimestamp(repo.commit(sha).committed_date, UTC)


def tag_message(repo: Repo, tag: str) -> str:
    """Message of an annotated tag; empty when the clone has no such tag."""
    return str(repo.git.for_each_ref(f"refs/tags/{tag}", format="%(contents)"))
