"""Deliveries a minute on PostgreSQL, 1, 4 and 8 at once, and what each costs.

By Prefect's process worker as it comes, by the same with a command for its runs, and by the warm
worker. Every delivery is one of a service of its own, from commit to staging proven; then runs that
find nothing new.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sandbox import postgres
from sandbox.prefect_api import ENDED, Json, ended, state_of
from tests.scale.fleet import NEW, Fleet
from tests.scale.usage import Usage

AT_ONCE = {1: 2, 4: 4, 8: 8}  # deliveries of each measurement; one more warms everything up
NOTHING_NEW = 24  # runs, asked for together
WINDOW = 8  # of them: the rate of each so many is told, for the spread
WAYS: dict[str, tuple[str, Json, dict[int, int]]] = {
    "process": ("process", {}, AT_ONCE),
    "process, command": ("process", {"command": f"{sys.executable} -m prefect.engine"}, {}),
    "warm": ("warm", {}, AT_ONCE),
}


def measure() -> dict[str, float]:
    """Of each way: deliveries a minute, CPU seconds, MiB; then the ratios to the stock worker."""
    binaries = postgres.binaries()
    if not binaries:
        return {}
    figures: dict[str, float] = {}
    for way, (kind, variables, at_once) in WAYS.items():
        with (
            tempfile.TemporaryDirectory() as home,
            postgres.postgres(binaries) as database,
            Fleet(Path(home), database, 1 + sum(at_once.values()), 4, kind, variables) as fleet,
        ):
            figures |= {f"{way}: {name}": value for name, value in _of(fleet, at_once).items()}
    return figures | _ratios(figures)


def _ratios(figures: dict[str, float]) -> dict[str, float]:
    """Of each way's runs a minute to those of the stock worker."""
    rates = [name for name in figures if name.endswith(", a minute")]
    stock = {
        name.partition(": ")[2]: figures[name] for name in rates if name.startswith("process:")
    }
    return {
        name.replace(", a minute", ", ratio"): figures[name] / stock[name.partition(": ")[2]]
        for name in rates
    }


def _of(fleet: Fleet, measured: dict[int, int]) -> dict[str, float]:
    services = iter(fleet.names)
    _deliveries(fleet, "warming up", [next(services)], 1)
    figures: dict[str, float] = {}
    for at_once, number in measured.items():
        names = [next(services) for _ in range(number)]
        figures |= _deliveries(fleet, f"{at_once} at once", names, at_once)
    return figures | _nothing_new(fleet, fleet.names[0])


def _deliveries(fleet: Fleet, title: str, names: list[str], at_once: int) -> dict[str, float]:
    """So many at once: the next one is asked for when one has ended."""

    def deliver(name: str) -> Json:
        return fleet.api.wait(fleet.deliver(name), ended, 300)

    def work() -> list[Json]:
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(deliver, names))

    figures, runs = _timed(fleet, title, len(names), work)
    _require(runs, [f"Completed {name} {NEW} is proven in staging" for name in names])
    took = [(_moment(run, "end_time") - _moment(run, "created")).total_seconds() for run in runs]
    return figures | _spread(f"{title}, s each", took)


def _nothing_new(fleet: Fleet, name: str) -> dict[str, float]:
    """All asked for together, as schedules and pushes to one repository do."""

    def work() -> list[Json]:
        runs = [fleet.deliver(name) for _ in range(NOTHING_NEW)]
        wanted = {"flow_runs": {"id": {"any_": runs}, "state": {"type": {"any_": sorted(ENDED)}}}}
        while fleet.api.call("POST", "/flow_runs/count", wanted) < len(runs):
            time.sleep(0.25)
        return [fleet.api.run(run) for run in runs]

    figures, runs = _timed(fleet, "nothing new", NOTHING_NEW, work)
    _require(runs, [f"Completed Nothing to release: no commit since {name}-v{NEW}"] * len(runs))
    ends = sorted(_moment(run, "end_time") for run in runs)
    marks = [min(_moment(run, "created") for run in runs), *ends[WINDOW - 1 :: WINDOW]]
    rates = [WINDOW * 60 / (later - earlier).total_seconds() for earlier, later in pairwise(marks)]
    return figures | _spread(f"nothing new, each {WINDOW}", rates)


def _timed(
    fleet: Fleet, title: str, number: int, work: Callable[[], list[Json]]
) -> tuple[dict[str, float], list[Json]]:
    workers, servers = [each.pid for each in fleet.workers], [fleet.server.pid]
    with Usage(workers) as used, Usage(servers) as server:
        began = time.monotonic()
        runs = work()
        seconds = time.monotonic() - began
    print(f"  {title}: {number} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return {
        f"{title}, a minute": number * 60 / seconds,
        f"{title}, CPU s each": used.cpu / number,
        f"{title}, server CPU s each": server.cpu / number,
        f"{title}, MiB at most": used.most / 2**20,
    }, runs


def _require(runs: list[Json], wanted: list[str]) -> None:
    said = [state_of(run) for run in runs]
    if said != wanted:
        raise RuntimeError("; ".join(said))


def _moment(run: Json, which: str) -> datetime:
    return datetime.fromisoformat(run[which])


def _spread(title: str, found: list[float]) -> dict[str, float]:
    return {
        f"{title}, median": statistics.median(found),
        f"{title}, lowest": min(found),
        f"{title}, highest": max(found),
    }
