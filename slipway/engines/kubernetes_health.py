"""The health of live workloads, by Argo CD's own built-in rules. Pure.

Argo CD keeps no health of single resources in an Application object: its API server adds it to
what it shows. Kinds that are not here have none, or one that we do not read.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
_MISSING = "Missing"


def with_health(application: Json, live: Iterable[Json]) -> dict[str, Any]:
    """The application, with the health of each resource that has a rule; `live` are those there."""
    found = {_key(each): health(each) for each in live}
    status = dict(application.get("status") or {})
    if status.get("resources"):
        status["resources"] = [_told(each, found) for each in status["resources"]]
    return {**application, "status": status}


def health(live: Json) -> str:
    """Of one live object with its `kind`; empty when there is no rule for it."""
    rule = _RULES.get(str(live.get("kind")))
    return rule(live) if rule else ""


def _told(resource: Json, found: Mapping[tuple[str, str, str], str]) -> Json:
    kind = str(resource.get("kind"))
    if resource.get("health") or kind not in _RULES:
        return resource
    key = (kind, str(resource.get("namespace") or ""), str(resource.get("name")))
    return {**resource, "health": {"status": found.get(key, _MISSING)}}


def _key(live: Json) -> tuple[str, str, str]:
    metadata = live.get("metadata") or {}
    return str(live.get("kind")), str(metadata.get("namespace")), str(metadata.get("name"))


def _deployment(live: Json) -> str:
    spec, status = _both(live)
    if spec.get("paused"):
        return "Suspended"
    if _behind(live):
        return "Progressing"
    if any(c.get("reason") == "ProgressDeadlineExceeded" for c in status.get("conditions") or ()):
        return "Degraded"
    updated = _count(status, "updatedReplicas")
    moving = (
        updated < _count(spec, "replicas", 1)
        or _count(status, "replicas") > updated
        or _count(status, "availableReplicas") < updated
    )
    return "Progressing" if moving else "Healthy"


def _stateful_set(live: Json) -> str:
    spec, status = _both(live)
    wanted, strategy = _count(spec, "replicas", 1), spec.get("updateStrategy") or {}
    unseen = not status.get("observedGeneration") or _behind(live)
    if unseen or _count(status, "readyReplicas") < wanted:
        return "Progressing"
    partition = (strategy.get("rollingUpdate") or {}).get("partition")
    if strategy.get("type") == "OnDelete":
        return "Healthy"
    if partition is not None:
        rolled = _count(status, "updatedReplicas") >= wanted - int(partition)
    else:
        rolled = status.get("updateRevision") == status.get("currentRevision")
    return "Healthy" if rolled else "Progressing"


def _daemon_set(live: Json) -> str:
    spec, status = _both(live)
    if _behind(live):
        return "Progressing"
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return "Healthy"
    wanted = _count(status, "desiredNumberScheduled")
    counts = (_count(status, "updatedNumberScheduled"), _count(status, "numberAvailable"))
    return "Progressing" if min(counts) < wanted else "Healthy"


def _job(live: Json) -> str:
    conditions = _both(live)[1].get("conditions") or ()
    types = {str(c.get("type")) for c in conditions if c.get("status") != "False"}
    if "Failed" in types:
        return "Degraded"
    if "Complete" in types:
        return "Healthy"
    return "Suspended" if "Suspended" in types else "Progressing"


def _rollout(live: Json) -> str:
    phase = str(_both(live)[1].get("phase") or "")
    known = {"Healthy": "Healthy", "Degraded": "Degraded", "Paused": "Suspended"}
    return known.get(phase, "Progressing")


def _both(live: Json) -> tuple[Json, Json]:
    return live.get("spec") or {}, live.get("status") or {}


def _behind(live: Json) -> bool:
    generation = _count(live.get("metadata") or {}, "generation")
    return generation > _count(_both(live)[1], "observedGeneration")


def _count(holder: Json, name: str, otherwise: int = 0) -> int:
    found = holder.get(name)
    return otherwise if found is None else int(found)


_RULES: dict[str, Callable[[Json], str]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Rollout": _rollout,
}
