"""Recorded objects for the readiness tests, and the few words the tests are written in."""

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from slipway.engines.argocd_status import observation
from slipway.engines.argocd_workloads import workload, workloads
from slipway.model import Lineage
from slipway.readiness.judge import judge
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Known, Progress, Verdict, Waiting, Wanted
from slipway.service import GitOps

FOLDER = Path(__file__).parents[1] / "data" / "argocd"
X = "3b8e5c1d7f9a2e4c6b8d0f1a3c5e7b9d2f4a6c8e"
A = "9f2c1b7e4d0a86b5c3e1f7a2d4b6c8e0a1b3c5d7"
Y = "5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c"  # later, our values still there
Z = "7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e7e"  # later, our values changed
LINEAGE: dict[str, Lineage] = {A: "without", Y: "newer", Z: "changed"}
DIGEST = "sha256:" + "d1" * 32
CHART = "ghcr.io/parraletz/charts/books-api:9.0.0"
CHART_DIGEST = "sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730"
KNOWN = Known(LINEAGE, {CHART: CHART_DIGEST})
GITOPS = GitOps(repository="https://github.com/parraletz/gitops-cf")
START = datetime(2026, 8, 22, 10, 5, tzinfo=UTC)
WANTED = Wanted(
    revision=X,
    repository="ghcr.io/parraletz/books-api",
    version="2.0.0",
    digest=DIGEST,
    settle=timedelta(seconds=10),
    grace=timedelta(seconds=60),
)
MANUAL = replace(WANTED, start=True)
WANTS_9 = replace(WANTED, version="9.0.0")  # what the recorded charts carry

Object = dict[str, Any]


def recorded(name: str) -> Object:
    found: Object = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def app(changes: Object | None = None, name: str = "synced") -> Object:
    """A recorded application with values replaced: keys are paths with dots, None removes."""
    found = copy.deepcopy(recorded(name))
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return found


def deployment(image: str = "ghcr.io/parraletz/books-api:2.0.0", **status: int) -> Object:
    found = recorded("deployment")
    found["spec"]["template"]["spec"]["containers"][0]["image"] = image
    found["status"] |= status
    return found


def seen(
    changes: Object | None = None,
    live: Sequence[Object] | None = None,
    tree: str | None = None,
    name: str = "synced",
) -> Observation:
    """One reading of a changed recorded application."""
    nodes = recorded(tree)["nodes"] if tree else []
    manifests = [deployment()] if live is None else live
    return observation(app(changes, name), workloads(manifests, nodes), GITOPS)


def nested(
    changes: Object | None = None,
    above: Object | None = None,
    image: str = "ghcr.io/parraletz/books-api:9.0.0",
    name: str = "child",
) -> Observation:
    """One reading of an application whose manifest another one deploys, of both together."""
    parent = observation(app(above, "parent"), (), GITOPS)
    return observation(app(changes, name), [workload(deployment(image))], GITOPS, parent)


class Judge:
    """Judges readings one after the other; `at` is in seconds."""

    def __init__(self, wanted: Wanted = WANTED, known: Known = KNOWN) -> None:
        self.wanted, self.known, self.progress = wanted, known, Progress()

    def __call__(self, reading: Observation, at: float = 0) -> Verdict:
        now = START + timedelta(seconds=at)
        verdict, self.progress = judge(reading, self.wanted, self.known, self.progress, now)
        return verdict


AUTOMATED = "spec.syncPolicy.automated"
STATE = "status.operationState"
DEGRADED = {"status.health.status": "Degraded"}
# Automated sync of X, in the order in which it becomes visible.
BEFORE = {"status.sync.revision": A, STATE: None}
WANTS_X = {"status.sync.status": "OutOfSync", "operation": {"sync": {"revision": X}}, STATE: None}
RUNNING = WANTS_X | {
    STATE: {
        "phase": "Running",
        "operation": {"sync": {"revision": X}},
        "syncResult": {"revision": X},
        "startedAt": "2026-08-22T10:01:07Z",
    }
}
APPLIED = {
    "status.sync.status": "Synced",
    "status.sync.revision": A,
    "status.reconciledAt": "2026-08-22T10:01:05Z",
}
PROGRESSING = {"status.health.status": "Progressing"}


def failed(revision: str = X, **fields: Any) -> Object:
    """An operation that ended badly."""
    return {
        f"{STATE}.phase": "Failed",
        f"{STATE}.message": "one or more objects failed to apply",
        f"{STATE}.syncResult.revision": revision,
        f"{STATE}.operation.sync.revision": revision,
    } | {f"{STATE}.{key}": value for key, value in fields.items()}


OUT_OF_SYNC = {"status.sync.status": "OutOfSync"}
MANUAL_APP = {AUTOMATED: None}
NO_OP = {STATE: None}


def settled(
    reading: Observation, wanted: Wanted = WANTED, known: Known = KNOWN, after: float = 10
) -> Verdict:
    """The verdict on a state that has lasted."""
    judge = Judge(wanted, known)
    judge(reading)
    return judge(reading, after)


def never(changes: Object, wanted: Wanted = WANTED) -> Waiting:
    """The verdict on a state that stays: it must be a wait, now and long after the settle time."""
    judge = Judge(wanted)
    judge(seen(changes))
    verdict = judge(seen(changes), 30)
    assert isinstance(verdict, Waiting), verdict
    return verdict


IMAGE = "ghcr.io/parraletz/books-api:2.0.0"
RESULTS = f"{STATE}.syncResult.resources"
HOOK = {
    "group": "batch",
    "version": "v1",
    "kind": "Job",
    "namespace": "books-api-staging",
    "name": "books-migrate",
    "status": "Synced",
    "message": "Reached expected number of succeeded pods",
    "hookType": "PreSync",
    "hookPhase": "Succeeded",
    "syncPhase": "PreSync",
    "images": [IMAGE],
}
JOB = {key: value for key, value in HOOK.items() if key != "hookType"} | {"syncPhase": "Sync"}
