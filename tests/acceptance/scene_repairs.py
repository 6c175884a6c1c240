"""A delivery without a gate that fails at every step in turn; each cause is repaired."""

from dataclasses import dataclass

from sandbox import seed
from sandbox.prefect_api import Json
from sandbox.serving import Fault
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.services import TRIAL

STEPS = ("release", "build", "gitops", "sync", "smoke")


@dataclass
class Repairs:
    """What was seen of it; lists follow STEPS, with the end as their last item where it counts."""

    run: str
    before: Effects
    failures: dict[str, str]
    effects: list[Effects]
    probes: list[int]  # requests the environment got
    end: Json
    parameters: Json
    suspended: int


def play(site: Installation) -> Repairs:
    """Break a step, let the run fail, repair the step, break the next one, retry."""
    seed.next_change(site.world.git, 2)
    git, cluster = site.world.git, site.world.cluster
    registry, front = site.world.servers["registry"].traffic, site.front(TRIAL).traffic
    failures: dict[str, str] = {}
    effects: list[Effects] = []
    probes: list[int] = []

    def look(step: str = "") -> None:
        if step:
            failures[step] = site.failed(run)
        effects.append(site.outside.effects(run))
        probes.append(len(front.requests))

    git.protect(seed.APPLICATION, "main")
    run = site.deliver(TRIAL)
    before, parameters = site.outside.effects(run), site.api.run(run)["parameters"]
    look("release")
    git.unprotect(seed.APPLICATION, "main")
    denied = Fault(method="PUT", path="/manifests/1.1.1", status=403, times=-1)
    registry.faults.append(denied)
    site.retry(run)
    look("build")
    registry.faults.remove(denied)
    registry.faults.append(Fault(method="PUT", path="/manifests/1.1.1", lose_answer=True))
    git.protect(seed.GITOPS, TRIAL)
    # The run goes on with the service file it has read.
    site.service_file(TRIAL).write_text("service: [this is no service file\n")
    site.retry(run)
    look("gitops")
    git.unprotect(seed.GITOPS, TRIAL)
    cluster.refusals[f"books-api-{TRIAL}"] = "admission webhook denied the request"
    site.retry(run)
    look("sync")
    cluster.refusals.clear()
    front.faults.append(broken := Fault(path="/books", status=500, times=-1))
    site.retry(run)
    look("smoke")
    front.faults.remove(broken)
    site.retry(run)
    end = site.ended(run)
    look()
    return Repairs(
        run=run,
        before=before,
        failures=failures,
        effects=effects,
        probes=probes,
        end=end,
        parameters=parameters,
        suspended=len(site.states(run, "Suspended")),
    )
