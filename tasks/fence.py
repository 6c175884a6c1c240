"""Whether this process still is the one that executes its run.

A run that was marked crashed by mistake, and started again, has two processes for a while. The old
one finds that the run's state is no longer the one it has set, and ends before its next step.
"""

from prefect.client.schemas.objects import StateType
from prefect.context import FlowRunContext, SyncClientContext
from prefect.exceptions import Abort


def require_ours() -> None:
    """End this process, without a word about the run's state, where the run is another's by now.

    A run that is being cancelled stays ours: who cancels it ends the process.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or context.flow_run.state is None:
        return
    with SyncClientContext.get_or_create() as api:
        now = api.client.read_flow_run(context.flow_run.id).state
    if now and now.id != context.flow_run.state.id and now.type != StateType.CANCELLING:
        raise Abort(f"the run is {now.name} since {now.timestamp:%H:%M:%S} UTC: not ours any more")
