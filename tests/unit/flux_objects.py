"""Recorded Flux objects for the tests, and the few words the tests are written in."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from slipway.engines.argocd_workloads import workload
from slipway.engines.flux_chain import Chain
from slipway.engines.flux_status import observation
from slipway.readiness.observation import Observation
from slipway.service import GitOps
from tests.unit.readiness_objects import A, X, deployment

FOLDER = Path(__file__).parents[1] / "data" / "flux"
GITOPS = GitOps(repository="https://github.com/parraletz/gitops-cf")
Object = dict[str, Any]

AT_A = f"main@sha1:{A}"
AT_X = f"main@sha1:{X}"
CHART_A = f"0.1.0+{A[:12]}.1"
CHART_X = f"0.1.0+{X[:12]}.1"
DIGEST_A, DIGEST_X = "sha256:" + "a0" * 32, "sha256:" + "b1" * 32


def changed(found: Object, changes: Object | None = None) -> Object:
    """Values replaced: keys are paths with dots, None removes, a number is a list's index."""
    found = copy.deepcopy(found)
    for path, value in (changes or {}).items():
        *parents, last = path.split(".")
        place: Any = found
        for name in parents:
            place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return found


def recorded(name: str, changes: Object | None = None) -> Object:
    return changed(json.loads((FOLDER / f"{name}.json").read_text()), changes)


def condition(kind: str, status: str, reason: str = "Progressing", message: str = "") -> Object:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 3,
        "lastTransitionTime": "2026-08-22T10:04:40Z",
    }


def conditions(*found: Object) -> Object:
    return {"status.conditions": list(found)}


SOURCE_A = {"status.artifact.revision": AT_A}
BUILT_A = {"status.artifact.revision": CHART_A, "status.observedSourceArtifactRevision": AT_A}
RELEASED_A = {
    "status.lastAttemptedRevision": CHART_A,
    "status.history.0.chartVersion": CHART_A,
}
OLD_IMAGE = [deployment("ghcr.io/parraletz/books-api:1.9.0")]


def released(
    last: Object | None = None,
    chart: Object | None = None,
    source: Object | None = None,
    live: Sequence[Object] | None = None,
) -> Observation:
    """One reading of a HelmRelease whose objects are changed."""
    chain = Chain(
        recorded("helmrelease", last),
        recorded("gitrepository", source),
        recorded("helmchart", chart),
    )
    return observation(chain, _workloads(live), GITOPS)


def applied(
    last: Object | None = None,
    source: Object | None = None,
    live: Sequence[Object] | None = None,
) -> Observation:
    """One reading of a Kustomization whose objects are changed."""
    chain = Chain(recorded("kustomization", last), recorded("gitrepository", source))
    return observation(chain, _workloads(live), GITOPS)


def _workloads(live: Sequence[Object] | None) -> list[Any]:
    return [workload(manifest) for manifest in ([deployment()] if live is None else live)]
