"""Runs of a schedule that nobody has taken in time.

Plain functions, not steps: nothing of it is kept.
"""

import contextlib
from datetime import UTC, datetime

from prefect import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

_LIMIT = 200  # runs of one answer; the API gives no more


def drop_late_looks(flow: str) -> int:
    """Delete looks that nobody has taken in time: the one that runs sees all that they would.

    Where no worker was up for a night, a thousand of them would keep it from its work.
    """
    late = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
    )
    dropped = 0
    with get_client(sync_client=True) as client:
        while found := client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])),
            flow_run_filter=late,
            limit=_LIMIT,
        ):
            for run in found:
                with contextlib.suppress(ObjectNotFound):  # another look was quicker
                    client.delete_flow_run(run.id)
            dropped += len(found)
    return dropped
