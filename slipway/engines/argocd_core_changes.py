"""The patches that start and end a sync, and when there may be none.

The API server checks all this for its clients; the object itself accepts anything. Each patch is
decided on one reading and is only taken while that reading is still the newest. Pure.
"""

from collections.abc import Mapping
from typing import Any

from slipway.engines.argocd_sources import automatic, sources
from slipway.errors import Conflict, Retryable
from slipway.readiness.observation import Observation

Json = Mapping[str, Any]
REFRESH = "argocd.argoproj.io/refresh"
_WHO = "slipway"


def refreshing(kind: str) -> Json:
    """Ask for a compare, "normal" or "hard"."""
    return {"metadata": {"annotations": {REFRESH: kind}}}


def refreshed(application: Json) -> bool:
    """Whether the compare that was asked for is over: it takes the annotation away."""
    metadata = application.get("metadata") or {}
    return REFRESH not in (metadata.get("annotations") or {})


def starting(application: Json, seen: Observation) -> Json:
    """The patch that starts a sync of what was seen; nothing is pruned.

    With automated sync on it is a sync of what the application follows: no other revision.
    Raises Retryable while another operation is there, Conflict when the application is deleted.
    """
    name = (application.get("metadata") or {}).get("name")
    if (application.get("metadata") or {}).get("deletionTimestamp"):
        raise Conflict(f"application '{name}' is being deleted", "find out who did it, and why")
    if application.get("operation") is not None:
        raise Retryable(
            f"could not sync application '{name}': another operation is already in progress",
            "one operation at a time: wait until it is over",
        )
    spec = application.get("spec") or {}
    policy = spec.get("syncPolicy") or {}
    options, retry = policy.get("syncOptions"), policy.get("retry")
    revision = {} if automatic(spec) or seen.hydrated else _revision(spec, seen)
    operation = {
        "initiatedBy": {"username": _WHO},
        "info": [{"name": "requestedBy", "value": _WHO}],
        "sync": {
            "syncStrategy": {"hook": {}},
            **revision,
            **({"syncOptions": options} if options else {}),
        },
        **({"retry": retry} if retry else {}),
    }
    return {"operation": operation, "status": {"operationState": None}}


def ending(application: Json) -> Json:
    """The patch that ends the sync under way; Retryable when there is none (yet)."""
    state = (application.get("status") or {}).get("operationState")
    if application.get("operation") is None or state is None:
        name = (application.get("metadata") or {}).get("name")
        raise Retryable(
            f"could not end the sync of application '{name}': no operation is in progress",
            "nothing to do, unless one was started just now",
        )
    return {"status": {"operationState": {"phase": "Terminating"}}}


def _revision(spec: Json, seen: Observation) -> Json:
    """Of several sources all are named: the others stay at what they follow."""
    if not seen.revision:
        return {}
    found = sources(spec)
    if seen.sources == 1:
        return {"revision": seen.revision}
    named = [str(source.get("targetRevision") or "") for source in found]
    named[seen.index] = seen.revision
    return {"revisions": named}
