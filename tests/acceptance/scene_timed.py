"""A promotion that has to wait for a window, and goes on by itself."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox import seed
from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.services import TIMED


@dataclass
class Timed:
    """What was seen of it."""

    opens: datetime
    waiting: Json  # state
    processes: list[str]  # of the run, while it waited
    shown: str  # the artifact
    before: Effects
    urgent: Json  # the end of another run, which did not want to wait
    end: Json
    written: datetime  # when its commit was made


def play(site: Installation) -> Timed:
    """The window opens in two to three minutes: a busy machine needs one to begin the run."""
    opens = (datetime.now(UTC) + timedelta(minutes=3)).replace(second=0, microsecond=0)
    site.timed(opens)
    run = site.promote(TIMED, "1.0.0", TIMED)
    found = site.until(run, lambda now: now["state_name"] == "Waiting")
    processes, before = _last_processes(site, run), site.outside.effects(run)
    shown = site.artifacts(run, f"{TIMED}-gate")[-1]
    end = site.ended(run)
    log = ("log", "-1", "--format=%cI", TIMED)
    written = site.world.git.repositories.git(seed.GITOPS, *log).decode().strip()
    site.timed(opens - timedelta(hours=3))  # closed for hours
    parameters = {
        "service": TIMED, "version": "1.0.0", "environment": TIMED, "urgent": "customers wait",
    }  # fmt: skip
    urgent = site.ended(site.api.start(f"promote/{TIMED}", parameters))
    return Timed(
        opens=opens,
        waiting=found["state"],
        processes=processes,
        shown=shown,
        before=before,
        urgent=urgent,
        end=end,
        written=datetime.fromisoformat(written),
    )


def _last_processes(site: Installation, run: str) -> list[str]:
    """Those of the run once the one that made it wait has had time to end."""
    limit = time.monotonic() + 30
    while (found := site.processes(run)) and time.monotonic() < limit:
        time.sleep(0.1)
    return found
