"""The deployments of one environment, as the ledger tells them. Pure.

A deployment is a version that came into the environment; going back to an earlier one is none. It
fails when its proof fails or when it is taken back. While an environment is not restored, what
happens to the versions it had before is the same failure, not another one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from slipway.ledger.entries import Failed, Ledger, Proven, RolledBack
from slipway.value import Value


class Failure(Value):
    """A time in which a version was known not to be well."""

    at: datetime  # UTC
    restored: datetime | None = None  # when the environment was proven again, with any version


class Deployment(Value):
    """One version in one environment."""

    version: str
    at: datetime  # UTC, when it was first proven, or known to have failed
    proven: datetime | None = None
    failures: tuple[Failure, ...] = ()  # oldest first
    commits: tuple[datetime, ...] = ()  # when the commits that it brought were made; UTC


def deployments(
    ledger: Ledger, environment: str, commits: Mapping[str, Sequence[datetime]]
) -> tuple[Deployment, ...]:
    """Those of one environment, oldest first; `commits` holds times of commits by version."""
    entries: tuple[Proven | Failed | RolledBack, ...] = (
        *ledger.failures, *ledger.rollbacks, *ledger.proven,
    )  # fmt: skip
    here = (each for each in entries if each.environment == environment)
    story = _Story(_going_back(ledger, environment), commits)
    for entry in sorted(here, key=lambda each: each.at):
        if isinstance(entry, Proven):
            story.proven(entry)
        else:
            story.failed(entry)
    return tuple(sorted(story.found.values(), key=lambda each: each.at))


def brought(ledger: Ledger, environment: str) -> tuple[Proven, ...]:
    """The first proof of each version that a deployment has brought, oldest first."""
    back = _going_back(ledger, environment)
    found: dict[str, Proven] = {}
    for proof in sorted(ledger.proven, key=lambda each: each.at):
        if proof.environment == environment and proof.run not in back:
            found.setdefault(proof.release.version, proof)
    return tuple(found.values())


def _going_back(ledger: Ledger, environment: str) -> set[str]:
    """The runs that have taken the environment back."""
    return {each.run for each in ledger.rollbacks if each.environment == environment}


class _Story:
    """Deployments by version, while their entries are read in the order of time."""

    def __init__(self, back: set[str], commits: Mapping[str, Sequence[datetime]]) -> None:
        self.found: dict[str, Deployment] = {}
        self._back, self._commits = back, commits
        self._open: list[str] = []  # versions that failed, and nothing was proven since

    def proven(self, entry: Proven) -> None:
        for version in self._open:
            *before, last = self.found[version].failures
            self._change(version, failures=(*before, Failure(at=last.at, restored=entry.at)))
        self._open.clear()
        version = entry.release.version
        if entry.run in self._back:
            return
        self._begin(version, entry.at)
        if self.found[version].proven is None:
            self._change(version, proven=entry.at)

    def failed(self, entry: Failed | RolledBack) -> None:
        known = entry.version in self.found
        if known and self._open:
            return
        self._begin(entry.version, entry.at)
        before = self.found[entry.version].failures
        self._change(entry.version, failures=(*before, Failure(at=entry.at)))
        self._open.append(entry.version)

    def _begin(self, version: str, at: datetime) -> None:
        commits = tuple(self._commits.get(version, ()))
        self.found.setdefault(version, Deployment(version=version, at=at, commits=commits))

    def _change(self, version: str, **changed: object) -> None:
        self.found[version] = self.found[version].model_copy(update=changed)
