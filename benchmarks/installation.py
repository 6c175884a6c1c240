"""Prefect as a team runs it: a server, on PostgreSQL where there is one, and what executes runs."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox import postgres
from sandbox.prefect_api import PrefectApi
from sandbox.processes import PrefectServer, Process, Runner
from sandbox.serving import free_port
from sandbox.world import World

SERVICE = "books-api"
SERVED, WARM = "served", "warm"  # `python -m flows.serve`, and a worker of the type `warm`
_PATIENCE = 120.0  # seconds


@dataclass(frozen=True)
class Installation:
    """What a benchmark talks to, and the environment of what executes runs."""

    api: PrefectApi
    env: dict[str, str]


def ways() -> list[str]:
    """How runs can be executed here: the warm worker wants PostgreSQL."""
    return [SERVED, WARM] if postgres.binaries() else [SERVED]


@contextlib.contextmanager
def installed(world: World, folder: Path, way: str) -> Iterator[Installation]:
    """Ready, with the deployment `deliver/books-api`."""
    logs = folder / "logs"
    with contextlib.ExitStack() as stack:
        binaries = postgres.binaries()
        address = stack.enter_context(postgres.postgres(binaries)) if binaries else ""
        more = {"PREFECT_API_DATABASE_CONNECTION_URL": address} if address else {}
        server = stack.enter_context(PrefectServer(folder / "prefect", free_port(), logs, more))
        api = PrefectApi(server.url)
        stack.callback(api.close)
        process: Process = Runner(server, world.settings(), logs)
        if way == WARM:
            process = Process("worker", _worker(), process.env, logs)
            _deploy(api)
        stack.callback(process.stop)
        process.start()
        until(lambda: api.deployment(f"deliver/{SERVICE}") is not None)
        yield Installation(api, process.env)


def _worker() -> list[str]:
    start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", WARM]
    return [*start, "--type", WARM, "--limit", "5"]


def _deploy(api: PrefectApi) -> None:
    """As deployments/prefect.yaml has it."""
    api.call("POST", "/work_pools/", {"name": WARM, "type": WARM})
    more = {"parameters": {"service": SERVICE}}
    api.deploy(f"deliver/{SERVICE}", "flows.deliver.deliver", WARM, **more)


def until(reached: Callable[[], bool]) -> None:
    """Wait for it; RuntimeError when it does not come."""
    limit = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > limit:
            raise RuntimeError("nothing came in time")
        time.sleep(0.02)
