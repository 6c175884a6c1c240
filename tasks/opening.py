"""Look whether an environment is open, and wait without a process where it is not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import get_client
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, StateDetails, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import Pause
from prefect.runtime import deployment

from slipway import errors
from slipway.markdown import escape, moment
from slipway.model import Image
from slipway.opening import Closed, closed_now
from slipway.service import Environment, Service
from slipway.text import printable
from tasks.environment import run_id, say, settings
from tasks.report import artifact_key
from tasks.retries import step

_LEAST = timedelta(seconds=2)  # of a wait


# Asked anew at each call: time passes, and people hold and release.
@step("look at gate", "is {environment.name} open?", timeout=600, cache=NO_CACHE)
def look_at_gate(
    service: Service, environment: Environment, image: Image, urgent: str
) -> Closed | None:
    now = datetime.now(UTC)
    return closed_now(service, environment, image, settings(), now, urgent=bool(urgent))


@step("tell what is closed", "{environment.name} is closed", timeout=60, cache=NO_CACHE)
def tell_closed(service: Service, environment: Environment, image: Image, closed: Closed) -> None:
    create_markdown_artifact(
        key=artifact_key(service.service, "gate"),
        markdown=f"# {escape(service.service)} {escape(image.version)} waits\n\n"
        f"{escape(closed.reason, 1000)}\n\nThe run looks again at {moment(closed.until)}.",
        description=f"{environment.name} is closed",
    )
    say(closed.reason)


def tell_urgent(environment: str, reason: str) -> None:
    """Keep in the log, and in the run's tags, that somebody did not want to wait, and why."""
    say(f"{environment}: urgent, soak and windows are not waited for: {printable(reason)}")
    run = UUID(run_id())
    with get_client(sync_client=True) as client:
        tags = {*client.read_flow_run(run).tags, "urgent"}
        client.update_flow_run(run, tags=sorted(tags))


def postpone(closed: Closed) -> None:
    """End this process; a worker starts the run again when it is time.

    Raises Pause, which is Prefect's way to end a process and not the run, and errors.Closed where
    no worker could start the run again.
    """
    if not deployment.id:
        raise errors.Closed(
            closed.reason,
            "a script started this run, no worker can go on with it: run it again when it is open,"
            " or start it from a deployment",
        )
    until = max(closed.until, datetime.now(UTC) + _LEAST)
    waiting: State[None] = State(
        type=StateType.SCHEDULED,
        name="Waiting",
        message=closed.reason,
        state_details=StateDetails(scheduled_time=until),
    )
    run = UUID(run_id())
    with get_client(sync_client=True) as client:
        # A run that still names a process cannot be cancelled at once: it stays Cancelling.
        client.request(
            "PATCH", "/flow_runs/{id}", path_params={"id": run}, json={"infrastructure_pid": None}
        ).raise_for_status()
        reply = client.set_flow_run_state(run, waiting)
    if reply.status != SetStateStatus.ACCEPT:
        raise errors.Retryable(f"{closed.reason}; Prefect does not let the run wait", "retry it")
    raise Pause(state=reply.state or waiting)
