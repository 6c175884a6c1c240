"""Where a service comes from, and how a version of it comes to be."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.service.words import (
    Branch,
    Duration,
    PathPattern,
    RepositoryPath,
    RepositoryUrl,
    SecretName,
)
from slipway.value import Value

Occasion = Literal["waiting", "delivered", "rolled-back", "failed"]
CommitType = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]


class Source(Value):
    """The application repository."""

    repository: RepositoryUrl
    branch: Branch = "main"
    path: RepositoryPath = "."  # folder of the service in it


class Triggers(Value):
    """Which events of the forge start a delivery, and which files a push has to touch for it."""

    events: tuple[Literal["push", "tag", "release", "pull-request"], ...] = ()  # by release mode
    paths: tuple[PathPattern, ...] = ()  # from the repository's root; none: all below source.path


class Shown(Value):
    """What is shown at GitHub about a delivery. Trouble there never stops one."""

    deployments: bool = False  # one for each environment, with its address
    statuses: bool = False  # of the released commit, one for each environment
    proof: bool = False  # below the notes of the release: where it is proven, or was taken back


class Notify(Value):
    """Who is told about this service's runs, beside those who are told about every service's.

    `about` counts for both.
    """

    to: tuple[SecretName, ...] = ()  # names of lists, whose addresses are secrets of the worker
    about: tuple[Occasion, ...] = ("waiting", "delivered", "rolled-back", "failed")


class Bumps(Value):
    """Which types of commit raise the version; a breaking change always raises the major number."""

    minor: tuple[CommitType, ...] = ("feat", "feature")
    patch: tuple[CommitType, ...] = ("fix", "perf", "revert")


class Section(Value):
    """One heading of the changelog, and the types of commit below it."""

    title: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\n\r<>\[\]]+$")]
    types: Annotated[tuple[CommitType, ...], Field(min_length=1)]


_SECTIONS = (
    Section(title="Features", types=("feat", "feature")),
    Section(title="Bug Fixes", types=("fix",)),
    Section(title="Performance Improvements", types=("perf",)),
    Section(title="Reverts", types=("revert",)),
)


class ReleaseRules(Value):
    """How a version comes to be. Paths are below `source.path`; the defaults are release-please's.

    `commit` pushes a release commit and its tag at once; `pull-request` keeps a release pull
    request up to date, whose merge releases; `tag` takes a pushed tag as the release.
    """

    mode: Literal["commit", "pull-request", "tag"] = "pull-request"
    tag_format: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]*\{version\}$")] = "v{version}"
    stamp: tuple[RepositoryPath, ...] = ("package.json",)  # files that carry the version
    changelog: RepositoryPath | None = "CHANGELOG.md"
    bumps: Bumps = Bumps()
    sections: tuple[Section, ...] = _SECTIONS
    prerelease: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")] | None = None  # as "rc"
    checks: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # must be green on the commit
    checks_timeout: Duration = timedelta(minutes=30)
    skipped_checks: Literal["pass", "fail"] = "pass"  # what skipped and neutral count as
    assets: tuple[RepositoryPath, ...] = ()  # files of the release commit, attached to its page
    labels: tuple[Annotated[str, Field(min_length=1)], ...] = ()  # of the pull request, for people

    @model_validator(mode="after")
    def _a_pull_request_shows_its_version(self) -> Self:
        if self.mode == "pull-request" and not self.stamp:
            raise ValueError(
                "stamp: mode pull-request needs a file that carries the version:"
                " what its merge released is read from there"
            )
        return self
