"""Four figures of software delivery, from what the ledger holds. Pure.

Definitions: DORA, https://dora.dev/guides/dora-metrics/. A deployment is a version that was brought
into the last environment. It is failed when it was taken back. Nothing is made up: without a
deployment there is no figure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from slipway.ledger.entries import Ledger, Proven, RolledBack
from slipway.value import Value


class Deployment(Value):
    """One version in the last environment."""

    version: str
    at: datetime  # UTC, when it was proven, or when it was known to have failed
    failed: datetime | None = None  # when it was known to have failed
    restored: datetime | None = None  # of a failed one: when the environment was proven again
    commits: tuple[datetime, ...] = ()  # when the commits that it brought were made; UTC


class Figures(Value):
    """What can be said about a span of time; None where nothing can."""

    service: str
    environment: str
    since: datetime
    until: datetime
    deployments: tuple[Deployment, ...]  # oldest first
    a_week: float
    lead_time: float | None  # seconds from a commit to production: the median of all commits
    lead_time_slow: float | None  # nine in ten commits were quicker
    failure_rate: float | None  # share of the deployments
    recovery_time: float | None  # seconds from the failure to the next proof: the median
    unrestored: int  # failed ones after which nothing was proven yet


def deployments(
    ledger: Ledger, environment: str, commits: Mapping[str, Sequence[datetime]]
) -> tuple[Deployment, ...]:
    """Those of one environment, oldest first; `commits` holds times of commits by version."""
    proofs = sorted(
        (each for each in ledger.proven if each.environment == environment), key=lambda p: p.at
    )
    backs = [each for each in ledger.rollbacks if each.environment == environment]
    undoing = {each.run for each in backs}
    forward = [each for each in proofs if each.run not in undoing]
    found = [_proven(proof, backs, proofs, commits) for proof in _first(forward)]
    known = {each.version for each in found}
    found += [_never_proven(b, proofs, commits) for b in backs if b.version not in known]
    return tuple(sorted(found, key=lambda each: each.at))


def figures(
    service: str,
    environment: str,
    every: Sequence[Deployment],
    since: datetime,
    until: datetime,
) -> Figures:
    """The figures of the deployments in a span of time."""
    there = tuple(each for each in every if since <= each.at <= until)
    leads = sorted(
        (each.at - commit).total_seconds()
        for each in there
        if not each.failed
        for commit in each.commits
    )
    failed = [each for each in there if each.failed]
    back = [
        (each.restored - each.failed).total_seconds()
        for each in failed
        if each.failed and each.restored
    ]
    return Figures(
        service=service,
        environment=environment,
        since=since,
        until=until,
        deployments=there,
        a_week=len(there) / max((until - since) / timedelta(weeks=1), 1e-9),
        lead_time=median(leads) if leads else None,
        lead_time_slow=leads[int(len(leads) * 0.9)] if leads else None,
        failure_rate=len(failed) / len(there) if there else None,
        recovery_time=median(back) if back else None,
        unrestored=len(failed) - len(back),
    )


def _first(proofs: Sequence[Proven]) -> list[Proven]:
    """Of several proofs of one version, the first: the others deployed nothing new."""
    found: dict[str, Proven] = {}
    for proof in proofs:
        found.setdefault(proof.image.digest, proof)
    return list(found.values())


def _proven(
    proof: Proven,
    backs: Sequence[RolledBack],
    proofs: Sequence[Proven],
    commits: Mapping[str, Sequence[datetime]],
) -> Deployment:
    version = proof.release.version
    back = next((b for b in backs if b.version == version and b.at >= proof.at), None)
    return Deployment(
        version=version,
        at=proof.at,
        failed=back.at if back else None,
        restored=_restored(back, proofs) if back else None,
        commits=tuple(commits.get(version, ())),
    )


def _never_proven(
    back: RolledBack, proofs: Sequence[Proven], commits: Mapping[str, Sequence[datetime]]
) -> Deployment:
    return Deployment(
        version=back.version,
        at=back.at,
        failed=back.at,
        restored=_restored(back, proofs),
        commits=tuple(commits.get(back.version, ())),
    )


def _restored(back: RolledBack, proofs: Sequence[Proven]) -> datetime | None:
    return next((proof.at for proof in proofs if proof.at > back.at), None)
