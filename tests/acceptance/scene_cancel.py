"""A promotion that somebody cancels while it waits for Argo CD, and retries later."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.prefect_api import Json
from sandbox.serving import Fault
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import PATIENCE
from tests.acceptance.services import HALTED


@dataclass
class Cancelled:
    """What was seen of it, in this order."""

    run: str
    processes: tuple[list[str], list[str]]  # of the run, before and after
    state: Json
    left: str  # the artifact
    said: str
    effects: Effects
    end: Json
    effects_after: Effects


def play(site: Installation) -> Cancelled:
    """Argo CD takes no sync; cancel by Prefect's command, repair, retry unforced."""
    traffic = site.world.servers["argocd"].traffic
    path = f"/applications/books-api-{HALTED}/sync"
    refusing = Fault(method="POST", path=path, status=503, times=-1)
    traffic.faults.append(refusing)
    run = site.promote(HALTED, "1.1.0", HALTED)
    _until(site, run, lambda: any(each.path.endswith(path) for each in traffic.requests))
    before = site.processes(run)
    site.prefect("flow-run", "cancel", run)
    found = site.api.wait(run, lambda now: "artifact" in str(now["state"]["message"]), PATIENCE)
    after, effects = site.processes(run), site.outside.effects(run)
    left = site.artifacts(run, f"{HALTED}-left")[-1]
    traffic.faults.remove(refusing)
    site.retry(run)
    return Cancelled(
        run=run,
        processes=(before, after),
        state=found["state"],
        left=left,
        said=site.said(run, "of this run is in the repository"),
        effects=effects,
        end=site.ended(run),
        effects_after=site.outside.effects(run),
    )


def _until(site: Installation, run: str, reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < limit, site.last_words(run)
        time.sleep(0.2)
