"""The limit of one change at a time in an environment, kept by Prefect."""

import contextlib
import time
from collections.abc import Iterator
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
)
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import ConcurrencyLeaseHolder, FlowRun, StateType
from prefect.concurrency.context import ConcurrencyContext
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError

from slipway.errors import Retryable
from slipway.gates.rivals import turn_tag
from tasks.environment import run_id, say

_LEASE = 60.0  # seconds after which the turn of a killed process is free again
_LEASE_TAG = "lease:"  # of the run that has the turn
_LOOK = 15.0  # seconds of waiting between two looks at who has the turn
_ORPHANED = 2 * _LEASE  # seconds without a holder, after which nobody will give the turn back
_PATIENCE = 3600.0  # seconds


@contextlib.contextmanager
def hold_turn(service: str, environment: str) -> Iterator[None]:
    """Wait for the turn, hold it, and give it back. Raises Retryable after an hour of waiting."""
    name, tag = f"slipway-{service}-{environment}", turn_tag(environment)
    _end_own_lease()
    with contextlib.ExitStack() as stack:
        lease = _acquire(stack, name, service, tag)
        _tell_all({service, tag, f"{_LEASE_TAG}{lease}"}, on=True)
        try:
            yield
        finally:
            _give_back(stack, {tag, f"{_LEASE_TAG}{lease}"})


def _end_own_lease() -> None:
    """A process of this run that was killed had the turn: this one need not wait for its end."""
    with get_client(sync_client=True) as client:
        for tag in client.read_flow_run(UUID(run_id())).tags:
            if tag.startswith(_LEASE_TAG):
                lease = UUID(tag.removeprefix(_LEASE_TAG))
                with contextlib.suppress(PrefectHTTPStatusError):  # it has ended by itself
                    client.release_concurrency_slots_with_lease(lease)
                _tell_all({tag}, on=False)


def _acquire(stack: contextlib.ExitStack, name: str, service: str, tag: str) -> UUID:
    """The lease, which ends with the stack."""
    context = stack.enter_context(ConcurrencyContext())
    began = lonely = time.monotonic()
    _ensure(name)
    while time.monotonic() - began < _PATIENCE:
        holder = ConcurrencyLeaseHolder(type="flow_run", id=UUID(run_id()))
        try:
            stack.enter_context(
                concurrency(
                    name, occupy=1, timeout_seconds=_LOOK, lease_duration=_LEASE, strict=True,
                    holder=holder, raise_on_lease_renewal_failure=False,
                )
            )  # fmt: skip
        except TimeoutError:
            busy = _holders(service, tag)
            lonely = time.monotonic() if busy else lonely
            _tell(tag, busy)
            if time.monotonic() - lonely > _ORPHANED:
                _free(name)
        else:
            return context.cleanup_lease_ids[-1]
    raise Retryable(
        f"{name}: the turn did not come within {_PATIENCE:.0f} s",
        "look at the run that changes the environment now; cancel it or let it end, then retry",
    )


def _tell(tag: str, busy: list[FlowRun]) -> None:
    place = tag.partition(":")[2]
    who = ", ".join(f"{run.name} ({run.id})" for run in busy) or "a run that has ended"
    say(f"{place}: waits for its turn; {who} has it")


def _ensure(name: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            limit = GlobalConcurrencyLimitCreate(name=name, limit=1, active=True)
            with contextlib.suppress(ObjectAlreadyExists):  # another run was quicker
                client.create_global_concurrency_limit(limit)


def _holders(service: str, tag: str) -> list[FlowRun]:
    """Runs that are at work and say that they have the turn."""
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=[service, tag]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING])),
            )
        )
    return [run for run in found if str(run.id) != run_id()]


def _free(name: str) -> None:
    """A server that keeps leases in its memory, the default, forgets them when it is restarted."""
    say(f"{name}: nobody has the turn any more; it is taken")
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=0))


def _tell_all(tags: set[str], *, on: bool) -> None:
    """Put tags on this run, or take them off."""
    run = UUID(run_id())
    with get_client(sync_client=True) as client:
        before = set(client.read_flow_run(run).tags)
        client.update_flow_run(run, tags=sorted(before | tags if on else before - tags))


def _give_back(stack: contextlib.ExitStack, tags: set[str]) -> None:
    """Where Prefect's API cannot be reached the lease ends by itself; the change is not lost."""
    try:
        _tell_all(tags, on=False)
        stack.close()
    except Exception as error:  # noqa: BLE001  # whatever it is, the change is made and proven
        say(f"the turn ends by itself in {_LEASE:.0f} s: {type(error).__name__}")
