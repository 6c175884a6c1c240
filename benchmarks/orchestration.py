"""Orchestration cost: commit → staging proven by `deliver`, against the bare script."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.bare import deliver_to_staging
from sandbox import seed, service_file
from sandbox.prefect_api import PrefectApi, ended, state_of
from sandbox.processes import PrefectServer, Runner
from sandbox.serving import free_port
from sandbox.world import World
from slipway.settings import load

SERVICE = "books-api"


def measure(rounds: int) -> dict[str, float]:
    """Medians in seconds, and their ratio; each round delivers a new commit both ways."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world") as world:
        only_staging(world)
        os.environ.update(world.settings())
        server = PrefectServer(Path(folder) / "prefect", free_port(), Path(folder) / "logs")
        runner = Runner(server, world.settings(), Path(folder) / "logs")
        try:
            server.start()
            server.wait_until_ready()
            runner.start()
            return _rounds(world, PrefectApi(server.url), rounds)
        finally:
            runner.stop()
            server.stop()


def _rounds(world: World, api: PrefectApi, rounds: int) -> dict[str, float]:
    while api.deployment(f"deliver/{SERVICE}") is None:
        time.sleep(0.2)
    bare, flow = [], []
    for _ in range(rounds):
        bare.append(_timed(world, lambda: deliver_to_staging(load(), SERVICE)))
        flow.append(_timed(world, lambda: _run(api)))
    figures = {"bare s": statistics.median(bare), "deliver s": statistics.median(flow)}
    spread = [more / less for more, less in zip(flow, bare, strict=True)]
    return {
        **figures,
        "ratio": figures["deliver s"] / figures["bare s"],
        "lowest": min(spread),
        "highest": max(spread),
    }


def _timed(world: World, deliver: Callable[[], object]) -> float:
    seed.next_change(world.git, seed.next_number(world.git))
    began = time.monotonic()
    deliver()
    return time.monotonic() - began


def _run(api: PrefectApi) -> None:
    run = api.wait(api.start(f"deliver/{SERVICE}", {"service": SERVICE}), ended)
    if run["state_type"] != "COMPLETED":
        raise RuntimeError(state_of(run))


def only_staging(world: World) -> None:
    """Write the sample's service file without production."""
    path = service_file.write_service(world)
    service = service_file.service(world)
    service["environments"] = service["environments"][:1]
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(service, file)
