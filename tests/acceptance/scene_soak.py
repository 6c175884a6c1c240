"""A promotion that waits until its version was healthy for long enough in the one before."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation
from tests.acceptance.services import SOAKED, SOAKED_LIVE


@dataclass
class Soaked:
    """What was seen of it."""

    waiting: Json  # the first state of that name
    waits: list[Json]  # all of them
    healthy: datetime  # since when the environment before was well at the end
    changed: datetime  # when the step began that writes; the run's process may begin before
    end: Json


def play(site: Installation) -> Soaked:
    """While it waits, a Pod of the environment before ends, and another one takes its place."""
    assert site.ended(site.promote(SOAKED, "1.0.0", SOAKED))["state_type"] == "COMPLETED"
    run = site.promote(SOAKED, "1.0.0", SOAKED_LIVE)
    found = site.until(run, lambda now: now["state_name"] == "Waiting")
    workload = site.world.cluster.workload(f"books-api-{SOAKED}")
    assert workload
    assert workload.newest
    workload.newest.active()[0].terminate()
    end = site.ended(run)
    application = site.world.argocd.store.get(f"books-api-{SOAKED}")
    assert application
    health = application["status"]["health"]
    return Soaked(
        waiting=found["state"],
        waits=site.states(run, "Waiting"),
        healthy=datetime.fromisoformat(health["lastTransitionTime"]),
        changed=min(
            datetime.fromisoformat(step["start_time"])
            for step in site.api.task_runs(run)
            if step["name"].startswith("update ")
        ),
        end=end,
    )
