"""Wait until an environment may be changed, without a process.

The run is scheduled again for the time at which it may go on, and its process ends. Whoever picks
runs up does so then; what was finished comes back from its stored result. Prefect counts such a
start as another attempt of the run.
"""

from datetime import UTC, datetime
from typing import NoReturn

from prefect import get_client
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.runtime import deployment, flow_run

from slipway.errors import Closed, Retryable
from slipway.gates.calendar import shut
from slipway.service import Environment
from slipway.text import opens_in
from tasks.environment import say


def wait_until_open(environment: Environment) -> None:
    """Go on only inside the environment's windows. Raises as `postpone` does."""
    windows = environment.gate.windows if environment.gate else None
    now = datetime.now(UTC)
    closed = shut(windows, now) if windows else None
    if closed:
        postpone(f"{environment.name}: {closed.reason}", closed.until, now)


def postpone(reason: str, until: datetime, now: datetime) -> NoReturn:
    """End this process; the run goes on at `until` (UTC).

    Raises Closed where nobody would start the run again, because it has no deployment.
    """
    message = f"{reason}; {opens_in(until, now)}"
    if not deployment.id:
        hint = "run it again then; a run of a deployment waits by itself"
        raise Closed(message, hint)
    say(message)
    state: State[object] = State(
        type=StateType.SCHEDULED,
        name="Waiting",
        message=message,
        state_details=StateDetails(scheduled_time=until),
    )
    with get_client(sync_client=True) as client:
        # A run that still names a process is not cancelled while it waits: it stays Cancelling.
        path = {"id": flow_run.id}
        client.request(
            "PATCH", "/flow_runs/{id}", path_params=path, json={"infrastructure_pid": None}
        ).raise_for_status()
        reply = client.set_flow_run_state(flow_run.id, state)
    if reply.status != SetStateStatus.ACCEPT:
        raise Retryable(f"{message}; Prefect does not let the run wait", "retry the run")
    raise Pause(state=state)
