"""Deliveries a minute on PostgreSQL, 1, 4 and 8 at once, and what each costs.

By Prefect's process worker as it comes, by the same with a command for its runs, and by the warm
worker. Every delivery is one of a service of its own, from commit to staging proven; then runs that
find nothing new.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import postgres
from sandbox.prefect_api import ENDED, Json, ended, state_of
from tests.scale.fleet import NEW, Fleet
from tests.scale.usage import Usage

AT_ONCE = {1: 2, 4: 4, 8: 8}  # deliveries of each measurement; one more warms everything up
NOTHING_NEW = 24  # runs, asked for together
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

    def deliver(name: str) -> str:
        run = fleet.api.start(f"deliver/{name}", {"service": name})
        return state_of(fleet.api.wait(run, ended, 300))

    def work() -> None:
        with ThreadPoolExecutor(at_once) as pool:
            said = list(pool.map(deliver, names))
        wanted = [f"Completed {name} {NEW} is proven in staging" for name in names]
        if said != wanted:
            raise RuntimeError("; ".join(said))

    return _timed(fleet, title, len(names), work)


def _nothing_new(fleet: Fleet, name: str) -> dict[str, float]:
    """All asked for together, as schedules and pushes to one repository do."""

    def work() -> None:
        runs = [fleet.api.start(f"deliver/{name}", {"service": name}) for _ in range(NOTHING_NEW)]
        wanted = {"flow_runs": {"id": {"any_": runs}, "state": {"type": {"any_": sorted(ENDED)}}}}
        while fleet.api.call("POST", "/flow_runs/count", wanted) < len(runs):
            time.sleep(0.25)
        said = {state_of(fleet.api.run(run)) for run in runs}
        if not all(each.startswith("Completed Nothing to release") for each in said):
            raise RuntimeError("; ".join(said))

    return _timed(fleet, "nothing new", NOTHING_NEW, work)


def _timed(fleet: Fleet, title: str, number: int, work: Callable[[], None]) -> dict[str, float]:
    workers, servers = [each.pid for each in fleet.workers], [fleet.server.pid]
    with Usage(workers) as runs, Usage(servers) as server:
        began = time.monotonic()
        work()
        seconds = time.monotonic() - began
    print(f"  {title}: {number} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return {
        f"{title}, a minute": number * 60 / seconds,
        f"{title}, CPU s each": runs.cpu / number,
        f"{title}, server CPU s each": server.cpu / number,
        f"{title}, MiB at most": runs.most / 2**20,
    }
