"""Two runs that lose their process: one that a runner sees, one that nobody sees."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.prefect_api import Json
from sandbox.serving import Fault
from tests.acceptance.installation import ROOT, Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import PATIENCE
from tests.acceptance.services import LOST

REAP = "from flows.reap import reap; print(reap())"
SCRIPT = f"""
from prefect import flow
from flows.promote import promote
promote(service={LOST!r}, version="1.1.0", environment={LOST!r})
"""


@dataclass
class Reaped:
    """What was seen of it."""

    run: str  # that a runner executes
    crashed: Json  # its state after the kill
    end: Json
    effects: Effects
    script: Json  # the run that nobody watches, at the end
    script_states: list[str]  # messages of its crashed states
    looks: list[str]  # what the reaper said, each time
    others: tuple[set[str], set[str]]  # suspended runs before and after


def play(site: Installation) -> Reaped:
    """Argo CD takes no sync, so both wait; kill both; the reaper finds them."""
    traffic = site.world.servers["argocd"].traffic
    path = f"/applications/books-api-{LOST}/sync"
    traffic.faults.append(refusing := Fault(method="POST", path=path, status=503, times=-1))
    run = site.promote(LOST, "1.1.0", LOST)
    _until(lambda: _count(traffic.requests, path) > 0)
    before = _suspended(site)
    for pid in site.processes(run):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    crashed = site.api.wait(run, lambda now: now["state_type"] == "CRASHED", PATIENCE)
    looks = [site.python("-c", REAP)]
    site.taken(run, after=1)
    traffic.faults.remove(refusing)
    end, effects = site.ended(run), site.outside.effects(run)
    script = _script_that_dies(site)
    while site.api.run(script)["state_type"] == "RUNNING":
        looks.append(site.python("-c", REAP))
    looks.append(site.python("-c", REAP))
    states = site.states(script, "Crashed")
    return Reaped(
        run=run,
        crashed=crashed["state"],
        end=end,
        effects=effects,
        script=site.api.run(script),
        script_states=[str(state["message"]) for state in states],
        looks=looks,
        others=(before, _suspended(site)),
    )


def _script_that_dies(site: Installation) -> str:
    """A flow that a script calls, killed while it waits for Argo CD; its run."""
    traffic = site.world.servers["argocd"].traffic
    path = f"/applications/books-api-{LOST}"
    traffic.faults.append(away := Fault(path=path, status=503, times=-1))
    known = {each["id"] for each in _of_scripts(site)}
    process = subprocess.Popen(
        [site.runner.command[0], "-c", SCRIPT], cwd=ROOT, env=site.runner.env,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _until(lambda: any(each["id"] not in known for each in _of_scripts(site)))
        [run] = [each["id"] for each in _of_scripts(site) if each["id"] not in known]
        _until(lambda: bool(site.said(run, "the state is unknown")))
    finally:
        process.kill()
        process.wait()
        traffic.faults.remove(away)
    return str(run)


def _of_scripts(site: Installation) -> list[Json]:
    """Running runs that no deployment started."""
    body = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}, "limit": 100}
    found = site.http.post("/flow_runs/filter", json=body).json()
    return [each for each in found if each["deployment_id"] is None]


def _suspended(site: Installation) -> set[str]:
    body = {"flow_runs": {"state": {"type": {"any_": ["PAUSED"]}}}, "limit": 100}
    return {each["id"] for each in site.http.post("/flow_runs/filter", json=body).json()}


def _count(requests: list[object], path: str) -> int:
    return sum(path in str(getattr(each, "path", "")) for each in requests)


def _until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < limit
        time.sleep(0.2)
