"""Look at the runs of Slipway's flows, mark those that lost their process, start them again.

Plain functions, not steps: nothing of a look is kept, and the next one comes in half a minute.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events.filters import (
    EventFilter,
    EventNameFilter,
    EventOccurredFilter,
    EventResourceFilter,
)
from prefect.settings import get_current_settings
from prefect.states import AwaitingRetry, Crashed

from slipway.errors import InvalidInput
from slipway.reaping import Seen, crash_message, is_given_up, next_message
from tasks.environment import say
from tasks.notify import tell_of

FLOWS = ["deliver", "promote", "rollback"]
_LIMIT = 200  # runs of one look; the API gives no more
_RECENT = timedelta(hours=1)  # a run that crashed longer ago is somebody's who knows of it


def require_heartbeats(allowed: timedelta) -> None:
    """Raise InvalidInput where living runs are silent for longer than half of what is allowed."""
    every = get_current_settings().flows.heartbeat_frequency
    if every is None or every * 2 > allowed.total_seconds():
        raise InvalidInput(
            f"heartbeats come every {every or 'no'} s, too seldom to miss them within"
            f" {allowed.total_seconds():.0f} s",
            "set PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30 for every process that runs flows",
        )


def running_runs() -> list[Seen]:
    """The runs that say they are running, with their last sign of life."""
    with get_client(sync_client=True) as client:
        return [_seen(client, run) for run in _runs(client, StateType.RUNNING)]


def mark_crashed(seen: Seen) -> bool:
    """Mark one, unless its state has changed since it was looked at."""
    message = crash_message(seen, datetime.now(UTC))
    with get_client(sync_client=True) as client:
        if str(_state_id(client, seen.run)) != seen.state_id:
            return False
        client.set_flow_run_state(UUID(seen.run), Crashed(message=message))
    say(f"{seen.name}: {message}")
    return True


def resume_crashed() -> int:
    """Start crashed runs again, or say for good why not; how many were started."""
    started = 0
    with get_client(sync_client=True) as client:
        since = datetime.now(UTC) - _RECENT
        for run in _runs(client, StateType.CRASHED):
            if run.state is None or run.state.timestamp < since:
                continue
            seen = _seen(client, run)
            if not is_given_up(seen):
                started += _resume(client, seen)
    return started


def _resume(client: SyncPrefectClient, seen: Seen) -> bool:
    again, message = next_message(seen)
    if str(_state_id(client, seen.run)) != seen.state_id:
        return False  # somebody else has done it
    state: State[None] = AwaitingRetry(message=message) if again else Crashed(message=message)
    client.set_flow_run_state(UUID(seen.run), state, force=not again)
    say(f"{seen.name}: {message}")
    tell_of(seen.run, seen.name, "Crashed", message)
    return again


def _runs(client: SyncPrefectClient, kind: StateType) -> Sequence[FlowRun]:
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=FLOWS)),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[kind]))
        ),
        limit=_LIMIT,
    )


def _seen(client: SyncPrefectClient, run: FlowRun) -> Seen:
    assert run.state is not None  # noqa: S101  # it was found by its state
    states = sorted(client.read_flow_run_states(run.id), key=lambda state: state.timestamp)
    return Seen(
        run=str(run.id),
        name=run.name,
        state=run.state.type.value,
        state_id=str(run.state.id),
        since=run.state.timestamp,
        heartbeat=_heartbeat(client, run),
        deployed=run.deployment_id is not None,
        history=tuple(str(state.message or "") for state in states),
    )


def _heartbeat(client: SyncPrefectClient, run: FlowRun) -> datetime | None:
    """When the last one was sent, of those that the server has."""
    wanted = EventFilter(
        event=EventNameFilter(name=["prefect.flow-run.heartbeat"]),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
        occurred=EventOccurredFilter(since=datetime.now(UTC) - _RECENT),
    )
    found = client.read_events(wanted, limit=1).events
    return found[0].occurred if found else None


def _state_id(client: SyncPrefectClient, run: str) -> UUID | None:
    state = client.read_flow_run(UUID(run)).state
    return state.id if state else None
