"""The current or the last sync of an Argo CD Application. Pure: shapes in, values out."""

from slipway.engines.argocd_shapes import Json, moment, named, part, revisions, text
from slipway.engines.argocd_sources import same_sources
from slipway.readiness.observation import Operation, Ran

_PARKED = "blocked by sync window"
_JOBS = ("Job", "CronJob")


def requested(application: Json) -> bool:
    """Whether a sync is asked for or running; a dry run does not count."""
    operation = application.get("operation")
    return operation is not None and not part(operation, "sync").get("dryRun")


def operation(state: Json, spec: Json) -> Operation | None:
    """`status.operationState`; it is absent just after a sync was asked for."""
    if not state:
        return None
    whole, result = part(state, "operation"), part(state, "syncResult")
    asked, retry = part(whole, "sync"), part(whole, "retry")
    resources = result.get("resources") or ()
    message, phase = text(state, "message"), text(state, "phase")
    return Operation(
        phase=phase,
        revisions=revisions(result) or revisions(asked),
        started_at=moment(state, "startedAt"),
        finished_at=moment(state, "finishedAt"),
        message=message,
        retry_count=int(state.get("retryCount") or 0),
        dry_run=bool(asked.get("dryRun")),
        partial=bool(asked.get("resources")),
        has_result=bool(revisions(result)),
        failed_resources=tuple(_failed(r) for r in resources if _bad(r)),
        retry_limit=int(retry.get("limit") or 0),
        retry_newest=bool(retry.get("refresh")),
        of_spec=bool(result) and same_sources(spec, result),
        ran=tuple(_ran(r) for r in resources if r.get("hookType") or r.get("kind") in _JOBS),
        parked=phase == "Running" and _PARKED in message,
    )


def _ran(resource: Json) -> Ran:
    """A hook, Job or CronJob; `status: Synced` alone only says that it was created.

    Despite its name `hookPhase` is told of every resource: Succeeded once it was seen healthy. A
    sync does not wait for that in its last wave.
    """
    done = resource.get("hookPhase") == "Succeeded"
    if resource.get("kind") == "CronJob" and not resource.get("hookType"):
        done = resource.get("status") == "Synced" and not _bad(resource)
    return Ran(named(resource), tuple(map(str, resource.get("images") or ())), done)


def _bad(resource: Json) -> bool:
    hook = resource.get("hookPhase") in ("Failed", "Error")
    return hook or resource.get("status") == "SyncFailed"


def _failed(resource: Json) -> str:
    phase = resource.get("syncPhase") or "Sync"
    return f"{named(resource)} ({phase}): {text(resource, 'message')}"
