"""From live Kubernetes objects to nodes, as Argo CD's resource tree shows them.

The rules of health and reason are those of Argo CD's own tree (its Pod health check, and the
reason that `kubectl get pods` prints), so that the same Pod is the same trouble through either
engine. Pure: shapes in, shapes out.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Json = Mapping[str, Any]
_REVISION = "deployment.kubernetes.io/revision"


def node(found: Json, kind: str) -> dict[str, Any]:
    """One object as a node; a list leaves out the `kind` of its objects."""
    metadata = _part(found, "metadata")
    told = {
        "kind": kind,
        "name": metadata.get("name"),
        "namespace": metadata.get("namespace"),
        "uid": metadata.get("uid"),
        "createdAt": metadata.get("creationTimestamp"),
        "parentRefs": [_parent(owner) for owner in _parts(metadata, "ownerReferences")],
    }
    if kind == "Pod":
        word, count = _info("Status Reason", reason(found)), _restarts(found)
        info = word + (_info("Restart Count", str(count)) if count else [])
        return told | {"info": info, "health": health(found)}
    revision = _part(metadata, "annotations").get(_REVISION)
    return told | {"info": _info("Revision", f"Rev:{revision}") if revision else []}


def below(nodes: Iterable[Json], owners: Iterable[Json]) -> list[Json]:
    """`owners` and all the nodes they own, directly or not."""
    left, found = list(nodes), list(owners)
    known = {owner.get("uid") for owner in found}
    while new := [each for each in left if known & {p.get("uid") for p in each["parentRefs"]}]:
        found += new
        known |= {each.get("uid") for each in new}
        left = [each for each in left if each not in new]
    return found


def health(pod: Json) -> dict[str, str]:
    """Of a Pod that is started again whenever it ends, and of one that is not."""
    status, restarted = _part(pod, "status"), _restarted(pod)
    containers = _parts(status, "containerStatuses")
    failing = [each for each in map(_waiting, containers) if _lasting(each)]
    if restarted and failing:
        return _health("Degraded", ", ".join(str(w.get("message") or "") for w in failing))
    phase = status.get("phase")
    if phase == "Succeeded" or (phase == "Running" and restarted and _ready(status)):
        return _health("Healthy")
    if phase == "Failed":
        ended = (_part(_part(each, "state"), "terminated") for each in containers)
        told = str(status.get("message") or "") or _first(_ending(each) for each in ended)
        return _health("Degraded", told)
    if phase == "Running" and restarted:
        for each in containers:
            last = _part(_part(each, "lastState"), "terminated")
            if last:
                why = f"container {each.get('name')} failed: {_ending(last)}"
                return _health("Degraded", why)
    return _health("Progressing", str(status.get("message") or ""))


def reason(pod: Json) -> str:
    """In one word why a Pod is as it is."""
    status, metadata = _part(pod, "status"), _part(pod, "metadata")
    if metadata.get("deletionTimestamp"):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    before = _initializing(pod)
    if before:
        return before
    told = [_state(each) for each in _parts(status, "containerStatuses")]
    said = _first(told) or str(status.get("reason") or status.get("phase") or "")
    runs = any(each.get("ready") for each in _parts(status, "containerStatuses"))
    if said == "Completed" and runs:
        return "Running" if _ready(status) else "NotReady"
    return said


def _restarts(pod: Json) -> int:
    """How often its containers were started again: those that are at it, init or others."""
    kind = "initContainerStatuses" if _initializing(pod) else "containerStatuses"
    return sum(int(each.get("restartCount") or 0) for each in _parts(_part(pod, "status"), kind))


def _initializing(pod: Json) -> str:
    """At which init container it still is, and why; empty when it is past them."""
    statuses = _parts(_part(pod, "status"), "initContainerStatuses")
    return _first(_start(each, pod) for each in statuses)


def _start(container: Json, pod: Json) -> str:
    """Why a Pod is still at this init container; empty when it is past it."""
    state = _part(container, "state")
    ended, waiting = _part(state, "terminated"), _part(state, "waiting")
    if ended:
        return f"Init:{_word(ended)}" if ended.get("exitCode") else ""
    if container.get("started") and _sidecar(container, pod):
        return ""
    why = waiting.get("reason")
    return f"Init:{why}" if why and why != "PodInitializing" else "Init"


def _sidecar(container: Json, pod: Json) -> bool:
    """An init container that goes on running beside the others."""
    wanted = _parts(_part(pod, "spec"), "initContainers")
    names = {str(each.get("name")) for each in wanted if each.get("restartPolicy") == "Always"}
    return str(container.get("name")) in names


def _state(container: Json) -> str:
    waiting, ended = _waiting(container), _part(_part(container, "state"), "terminated")
    return str(waiting.get("reason") or "") or (_word(ended) if ended else "")


def _word(ended: Json) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    signal, code = ended.get("signal"), ended.get("exitCode")
    return f"Signal:{signal}" if signal else f"ExitCode:{code}"


def _ending(ended: Json) -> str:
    if ended.get("message") or ended.get("reason") == "OOMKilled":
        return str(ended.get("message") or ended.get("reason"))
    return f"exit code {ended.get('exitCode')}" if ended.get("exitCode") else ""


def _waiting(container: Json) -> Json:
    return _part(_part(container, "state"), "waiting")


def _lasting(waiting: Json) -> bool:
    why = str(waiting.get("reason") or "")
    return why.startswith("Err") or why.endswith(("Error", "BackOff"))


def _restarted(pod: Json) -> bool:
    return str(_part(pod, "spec").get("restartPolicy", "Always")) == "Always"


def _ready(status: Json) -> bool:
    conditions = _parts(status, "conditions")
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in conditions)


def _health(status: str, message: str = "") -> dict[str, str]:
    return {"status": status, "message": message} if message else {"status": status}


def _info(name: str, value: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value}]


def _parent(owner: Json) -> dict[str, Any]:
    return {key: owner.get(key) for key in ("kind", "name", "uid")}


def _first(found: Iterable[str]) -> str:
    return next((each for each in found if each), "")


def _part(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _parts(value: Json, key: str) -> list[Json]:
    found = value.get(key)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
