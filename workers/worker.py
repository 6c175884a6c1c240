"""The worker type `warm`: Prefect's process worker, with another way to start and to notice.

A run whose code is installed with the worker is forked from a process that has imported it, instead
of importing it anew; a run that is scheduled is noticed by its event, instead of at the next look.
All else, from limits to cancellation, is Prefect's own process worker.
"""

import contextlib
import json
import math
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Self
from uuid import UUID

import anyio
import anyio.abc
import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.settings import temporary_settings
from prefect.workers.process import (
    ProcessJobConfiguration,
    ProcessWorker,
    ProcessWorkerResult,
)

from workers import launch
from workers.forks import Forks
from workers.launch import ADDRESS, SETTINGS
from workers.lean import lean, lean_defaults
from workers.noticing import Bell, ring_when_scheduled
from workers.refusals import Refused, require_known_prefect, require_postgresql

# What stands for a forked run: no site-packages, so it starts in milliseconds.
_COMMAND = shlex.join([sys.executable, "-S", "-E", launch.__file__])
_LOOKS = (0.3, 1.0, 3.0)  # seconds between those that follow an event
_PATIENCE = 3.0  # seconds between two attempts to reach the server at the start


class WarmJobConfiguration(ProcessJobConfiguration):
    """As for a process worker; what is forked is a command of its own."""

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        flow: Flow | None = None,
        work_pool: WorkPool | None = None,
        worker_name: str | None = None,
        worker_id: UUID | None = None,
    ) -> None:
        """Choose the fork where the code is the worker's, and nobody has chosen a command."""
        if self.command is None and deployment and _is_installed(deployment):
            self.command = _COMMAND
        super().prepare_for_flow_run(
            flow_run, deployment, flow, work_pool, worker_name, worker_id=worker_id
        )


class WarmWorker(ProcessWorker):
    """Forks flow runs, and wakes when one is scheduled or has ended."""

    type = "warm"
    job_configuration = WarmJobConfiguration
    _display_name = "Warm process"
    _description = "Forks flow runs from a process that has imported them. Linux and PostgreSQL."

    async def start(self, *arguments: Any, **options: Any) -> None:
        """As Prefect's. A refusal ends the process with its one line."""
        try:
            with temporary_settings(set_defaults=lean_defaults()):
                await super().start(*arguments, **options)
        except Refused as refused:
            raise SystemExit(f"slipway: {refused}") from None

    async def __aenter__(self) -> Self:
        require_known_prefect()
        await self._require_postgresql()
        self._polling = anyio.Lock()
        self._running: set[UUID] = set()
        self._bell = Bell()
        self._forks = Forks(self._logger)
        self._held = contextlib.AsyncExitStack()
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(self._forks)
            await super().__aenter__()
            stack.push_async_exit(super().__aexit__)
            group = await stack.enter_async_context(anyio.create_task_group())
            group.start_soon(ring_when_scheduled, self._bell, lambda: self._work_pool)
            group.start_soon(self._look_at_each_ring)
            stack.callback(group.cancel_scope.cancel)
            self._held = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: Any) -> None:  # noqa: PYI036 -- as Prefect has it
        await self._held.__aexit__(*exc_info)

    async def _require_postgresql(self) -> None:
        async with get_client() as client:
            while True:
                try:
                    return await require_postgresql(client)
                except httpx.HTTPError as error:
                    self._logger.warning("Prefect's API does not answer yet: %s", error)
                await anyio.sleep(_PATIENCE)

    async def _look_at_each_ring(self) -> None:
        """Look at once, and some times more: the server tells of a run before it can be seen."""
        pauses: Iterator[float] = iter(())
        while True:
            with anyio.move_on_after(next(pauses, math.inf)):
                await self._bell.rung()
                pauses = iter(_LOOKS)
            if self._limiter and not self._limiter.available_tokens:
                pauses = iter(())  # the end of a run rings
                continue
            try:
                await self.get_and_submit_flow_runs()
            except httpx.HTTPError as error:  # the look at intervals comes all the same
                self._logger.debug("could not look for flow runs: %s", error)

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """As Prefect's, without a run whose process has not ended yet.

        It holds its slot until then, and asking for a second one would end the worker. That comes
        with a retry right after a failure; Prefect's worker meets it more rarely, but likewise.
        """
        found = await super()._get_scheduled_flow_runs()
        return [each for each in found if each.flow_run.id not in self._running]

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """As Prefect's, one look at a time: one that is woken does not overtake another."""
        async with self._polling:
            return await super().get_and_submit_flow_runs()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """As Prefect's. Its end makes room for another run, which is looked for at once."""
        self._forks.ensure()
        configuration.env = lean(configuration.env)
        own = _own_settings(configuration.env)
        configuration.env |= {ADDRESS: str(self._forks.address), SETTINGS: json.dumps(own)}
        self._running.add(flow_run.id)
        try:
            return await super().run(flow_run, configuration, task_status)
        finally:
            self._running.discard(flow_run.id)
            self._bell.ring()


def _is_installed(deployment: DeploymentResponse) -> bool:
    """Whether a deployment names a module, and fetches no other code of that name."""
    return not deployment.pull_steps and ":" not in (deployment.entrypoint or ":")


def _own_settings(environment: Mapping[str, str | None]) -> dict[str, str]:
    """Prefect's settings of a run. Where a command starts it, Prefect puts the worker's above."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PREFECT_")
        and not name.startswith("PREFECT__")
        and value is not None
        and os.environ.get(name) != value
    }
