"""The clauses of "commit X is live and healthy", in the order in which they come true.

Each says why it does not hold, or nothing. Source of the rule: Argo CD source, v3.5 line.
"""

from collections.abc import Callable
from dataclasses import replace

from slipway.readiness.clauses import health, operation, revision
from slipway.readiness.look import Look
from slipway.readiness.verdict import Waiting

Clause = Callable[[Look], Waiting | None]

LIVE: tuple[Clause, ...] = (
    revision.no_error,  # no ComparisonError and the like
    revision.current,  # the status is about today's spec
    revision.contained,  # X is in what was rendered, and its values are still there
    revision.resolved,  # charts and OCI artifacts are what the registry holds
    operation.idle,  # no sync is under way or waits for its retry
    operation.held,  # nor anything else
    operation.compared,  # the compare is later than the end of the last sync
    operation.clean,  # no SyncError, after one more refresh
    operation.synced,  # live equals desired
    operation.succeeded,  # and the last sync of X, if there was one, went well
)
HEALTHY: tuple[Clause, ...] = (
    revision.carried,  # the application's own manifest has arrived, where that was written
    health.healthy,
    health.evident,  # a live workload runs the image on all its Pods
)


def unmet(look: Look) -> Waiting | None:
    """The first clause that does not hold, as the reason to wait; None when all hold.

    An application whose manifest another one deploys comes after that one: the parent is live at X,
    then its own description names X's value, then it is judged by its own revisions.
    """
    above = _first(LIVE, look.parent) if look.parent else None
    if above:
        return replace(above, reason=f"the parent application: {above.reason}", of_parent=True)
    return _first((*LIVE, *HEALTHY), look)


def _first(clauses: tuple[Clause, ...], look: Look) -> Waiting | None:
    return next((waiting for clause in clauses if (waiting := clause(look))), None)
