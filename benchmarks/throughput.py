"""Deliveries a minute on PostgreSQL, 1, 4 and 8 at once, and what each costs.

By Prefect's process worker as it comes, by the same with a command for its runs, and by the warm
worker. Every delivery is one of a service of its own, from commit to staging proven; then runs that
find nothing new.
"""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox import postgres
from sandbox.prefect_api import Json, ended, state_of
from tests.scale.fleet import NEW, Fleet
from tests.scale.usage import Usage

AT_ONCE = {1: 2, 4: 4, 8: 8}  # deliveries of each measurement; one more warms everything up
NOTHING_NEW = 12  # runs, eight at once
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
    _timed(fleet, "warming up", [next(services)], 1, "is proven in staging")
    figures: dict[str, float] = {}
    for at_once, number in measured.items():
        names = [next(services) for _ in range(number)]
        figures |= _timed(fleet, f"{at_once} at once", names, at_once, "is proven in staging")
    names = fleet.names[:1] * NOTHING_NEW
    return figures | _timed(fleet, "nothing new", names, 8, "")


def _timed(fleet: Fleet, title: str, names: list[str], at_once: int, said: str) -> dict[str, float]:
    def deliver(name: str) -> str:
        run = fleet.api.start(f"deliver/{name}", {"service": name})
        return state_of(fleet.api.wait(run, ended, 300))

    workers, servers = [each.pid for each in fleet.workers], [fleet.server.pid]
    with Usage(workers) as runs, Usage(servers) as server:
        began = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            states = list(pool.map(deliver, names))
        seconds = time.monotonic() - began
    for name, state in zip(names, states, strict=True):
        wanted = f"Completed {name} {NEW} {said}" if said else "Completed"
        if not state.startswith(wanted):
            raise RuntimeError(f"{name}: {state}")
    print(f"  {title}: {len(names)} in {seconds:.0f} s", file=sys.stderr, flush=True)
    return {
        f"{title}, a minute": len(names) * 60 / seconds,
        f"{title}, CPU s each": runs.cpu / len(names),
        f"{title}, server CPU s each": server.cpu / len(names),
        f"{title}, MiB at most": runs.most / 2**20,
    }
