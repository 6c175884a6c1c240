"""An application that is not there yet, because this very delivery makes it."""

from slipway.errors import NotFound
from slipway.readiness.observation import Observation


def unmade(parent: Observation, why: NotFound) -> Observation:
    """A reading of nothing: its parent alone is judged, and `why` is what holds afterwards."""
    return Observation(
        sources=1,
        index=-1,
        revisions=(),
        compared_to_spec=True,
        sync="",
        health="Missing",
        health_since=None,
        reconciled_at=None,
        operation_requested=False,
        operation=None,
        conditions=(),
        deleting=False,
        skip_reconcile=False,
        auto_sync=True,
        has_parent=True,
        out_of_sync=(),
        workloads=(),
        hold=why.message,
        parent=parent,
    )
