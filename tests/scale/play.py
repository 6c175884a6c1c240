"""All services of a fleet are delivered at once; what came of it is counted outside of Prefect."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruamel.yaml import YAML

from sandbox import seed
from sandbox.prefect_api import ended, state_of
from tests.scale.fleet import NEW, Fleet
from tests.scale.usage import Usage

PATIENCE = 1800.0  # seconds for all of them


@dataclass
class Found:
    """What was measured, and every sentence about something that is not as it has to be."""

    services: int
    seconds: float
    most: int  # bytes in use at once, of workers and runs
    wrong: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        return (
            f"{self.services} deliveries in {self.seconds:.0f} s,"
            f" {self.services * 60 / self.seconds:.1f} a minute;"
            f" at most {self.most / 2**20:.0f} MiB in workers and runs; wrong: {len(self.wrong)}"
        )


def play(fleet: Fleet) -> Found:
    """Start every service's delivery, wait for all of them, and look what is there."""
    with Usage([worker.pid for worker in fleet.workers]) as used:
        began = time.monotonic()
        runs = {name: fleet.api.start(f"deliver/{name}", {"service": name}) for name in fleet.names}
        wrong = []
        for name, run in runs.items():
            left = max(1.0, PATIENCE - (time.monotonic() - began))
            said = state_of(fleet.api.wait(run, ended, left))
            if said != f"Completed {name} {NEW} is proven in staging":
                wrong.append(f"{name}: {said}")
        seconds = time.monotonic() - began
    wrong += [sentence for name, run in runs.items() for sentence in _wrong(fleet, name, run)]
    return Found(len(runs), seconds, used.most, wrong)


def _wrong(fleet: Fleet, name: str, run: str) -> Iterator[str]:
    """What is not there exactly once."""
    git = fleet.world.git.repositories.git
    tags = git(seed.APPLICATION, "tag", "--list", f"{name}-v*").decode().split()
    if tags != [f"{name}-v1.0.0", f"{name}-v{NEW}"]:
        yield f"{name}: tags {tags}"
    path = fleet.values(name)
    values = YAML(typ="safe", pure=True).load(fleet.world.git.read(seed.GITOPS, path))
    if values["image"]["tag"] != NEW:
        yield f"{name}: its values ask for {values['image']['tag']}"
    form = ("log", "--format=%s", "main", "--fixed-strings", f"--grep=Slipway-Run: {run}")
    commits = git(seed.GITOPS, *form).decode().splitlines()
    if len(commits) != 1:
        yield f"{name}: {len(commits)} commits"
    stored = Counter(
        request.path.rpartition("/")[2]
        for request in fleet.world.servers["registry"].traffic.requests
        if request.method == "PUT" and f"/parraletz/{name}/manifests/" in request.path
        and request.status < 300
    )  # fmt: skip
    if stored[NEW] != 1:
        yield f"{name}: the image was stored {stored[NEW]} times"
    pages = fleet.world.git.github.ledger.releases(seed.APPLICATION)
    made = sum(page["tag_name"] == f"{name}-v{NEW}" for page in pages)
    if made != 1:
        yield f"{name}: {made} release pages"
