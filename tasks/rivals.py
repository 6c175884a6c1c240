"""Let the newest of several runs of one service go on where they meet."""

from collections.abc import Iterable
from uuid import UUID

from prefect import get_client
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled

from slipway.errors import Superseded
from slipway.gates.rivals import Rival, at_gate, gate_tag, standing, version_of
from slipway.model import Image
from slipway.service import Environment, Service
from tasks.environment import run_id, say
from tasks.notify import tell_of
from tasks.retries import step

_WAITING = (StateType.PAUSED, StateType.SCHEDULED)
_UNFINISHED = [*_WAITING, StateType.PENDING, StateType.RUNNING]


# Others come while this run waits: each call looks anew.
@step("give way", "who comes to {environment.name}?", timeout=120, cache=NO_CACHE)
def give_way(service: Service, environment: Environment, image: Image) -> None:
    """End older runs that wait at this environment. Raises Superseded where a newer one is there.

    The run's own tags come first, so of two that look at the same moment at least one sees both.
    """
    with get_client(sync_client=True) as client:
        _arrive(client, service.service, environment.name, image.version)
        others = _others(client, service.service, environment.name)
        found = standing(image.version, _rivals(others))
        for rival in found.outdated:
            _end(client, rival, service.service, environment.name, image.version)
    if found.newer:
        raise Superseded(
            f"{environment.name}: {found.newer.version} has come there too, by run"
            f" {found.newer.run}; {image.version} was not written",
            "nothing to do: look at the newer run; to deliver this version, end that one first",
        )


def _arrive(client: SyncPrefectClient, service: str, environment: str, version: str) -> None:
    run = UUID(run_id())
    tags = set(client.read_flow_run(run).tags)
    wanted = at_gate(tags, service, version, environment)
    if wanted != tags:
        client.update_flow_run(run, tags=sorted(wanted))


def _others(client: SyncPrefectClient, service: str, environment: str) -> list[FlowRun]:
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[service, gate_tag(environment)]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNFINISHED)),
        )
    )
    return [run for run in found if str(run.id) != run_id()]


def _rivals(runs: Iterable[FlowRun]) -> list[Rival]:
    return [
        Rival(run=str(run.id), version=version, waits=run.state_type in _WAITING)
        for run in runs
        if (version := version_of(run.tags))
    ]


def _end(
    client: SyncPrefectClient, rival: Rival, service: str, environment: str, version: str
) -> None:
    """End a run that waits, unless it has gone on meanwhile: then it looks for itself."""
    now = client.read_flow_run(UUID(rival.run))
    if now.state_type not in _WAITING:
        return
    message = f"{environment}: {service} {version} has come there, by run {run_id()}"
    client.set_flow_run_state(now.id, Cancelled(name="Superseded", message=message))
    say(f"{environment}: run {now.name} is superseded")
    tell_of(rival.run, now.name, "Superseded", message)
