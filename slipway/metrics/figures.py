"""Four figures of software delivery, from deployments. Pure.

Definitions: DORA, https://dora.dev/guides/dora-metrics/. Nothing is made up: where there is nothing
to count there is no figure.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from slipway.metrics.deployments import Deployment
from slipway.value import Value


class Figures(Value):
    """What can be said about a span of time; None where nothing can."""

    service: str
    environment: str
    since: datetime
    until: datetime
    whole: bool  # the ledger reaches back to `since`
    deployments: tuple[Deployment, ...]  # oldest first
    a_week: float | None
    lead_time: float | None  # seconds from a commit to production: the median of all commits
    lead_time_slow: float | None  # nine in ten commits were quicker
    failure_rate: float | None  # share of the deployments
    recovery_time: float | None  # seconds from a failure to the next proof: the median
    unrestored: int  # failures after which nothing was proven yet


def figures(
    service: str,
    environment: str,
    every: Sequence[Deployment],
    since: datetime,
    until: datetime,
    *,
    whole: bool = True,
) -> Figures:
    """The figures of a span of time: of its deployments, and of its failures.

    A failure belongs to the time in which it came, whenever its version did; one that is not
    restored is told until it is.
    """
    there = tuple(each for each in every if since <= each.at <= until)
    leads = sorted(
        # A clock that is behind, or a date that was made up: no commit came after its own proof.
        max(0.0, (each.proven - commit).total_seconds())
        for each in there
        if each.proven
        for commit in each.commits
    )
    failures = [f for each in every for f in each.failures if f.at <= until]
    back = [(f.restored - f.at).total_seconds() for f in failures if f.restored and f.at >= since]
    failed = sum(bool(each.failures) for each in there)
    return Figures(
        service=service,
        environment=environment,
        since=since,
        until=until,
        whole=whole,
        deployments=there,
        a_week=len(there) / ((until - since) / timedelta(weeks=1)) if there else None,
        lead_time=median(leads) if leads else None,
        lead_time_slow=leads[int(len(leads) * 0.9)] if leads else None,
        failure_rate=failed / len(there) if there else None,
        recovery_time=median(back) if back else None,
        unrestored=sum(f.restored is None for f in failures),
    )
