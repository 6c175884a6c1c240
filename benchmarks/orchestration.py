"""Orchestration cost: commit → staging proven by `deliver`, against the bare script."""

import os
import statistics
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from ruamel.yaml import YAML

from benchmarks.bare import deliver_to_staging
from benchmarks.installation import SERVICE, installed, ways
from sandbox import seed, service_file
from sandbox.prefect_api import PrefectApi, ended, state_of
from sandbox.world import World
from slipway.settings import load


def measure(rounds: int) -> dict[str, float]:
    """Medians in seconds, and their ratios; each round delivers a new commit by each way."""
    figures: dict[str, float] = {}
    for way in ways():
        with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world") as world:
            only_staging(world)
            os.environ.update(world.settings())
            with installed(world, Path(folder), way) as there:
                figures |= _rounds(world, there.api, rounds, way)
    return figures


def _rounds(world: World, api: PrefectApi, rounds: int, way: str) -> dict[str, float]:
    bare, flow = [], []
    _timed(world, lambda: _run(api))  # everything has been used once
    for _ in range(rounds):
        bare.append(_timed(world, _bare))
        flow.append(_timed(world, lambda: _run(api)))
    ratios = [more / less for more, less in zip(flow, bare, strict=True)]
    return {
        f"{way}: bare s": statistics.median(bare),
        f"{way}: deliver s": statistics.median(flow),
        f"{way}: ratio": statistics.median(ratios),
        f"{way}: lowest": min(ratios),
        f"{way}: highest": max(ratios),
    }


def _timed(world: World, deliver: Callable[[], datetime]) -> float:
    seed.next_change(world.git, seed.next_number(world.git))
    began = datetime.now(UTC)
    return (deliver() - began).total_seconds()


def _bare() -> datetime:
    deliver_to_staging(load(), SERVICE)
    return datetime.now(UTC)


def _run(api: PrefectApi) -> datetime:
    """When the run ended, and not when somebody asked."""
    run = api.wait(api.start(f"deliver/{SERVICE}", {"service": SERVICE}), ended)
    if run["state_type"] != "COMPLETED":
        raise RuntimeError(state_of(run))
    return datetime.fromisoformat(run["end_time"])


def only_staging(world: World) -> None:
    """Write the sample's service file without production."""
    path = service_file.write_service(world)
    service = service_file.service(world)
    service["environments"] = service["environments"][:1]
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(service, file)
