"""The current or the last sync of an Argo CD Application. Pure: shapes in, values out."""

from slipway.engines.argocd_shapes import Json, moment, named, part, revisions, text
from slipway.readiness.observation import Operation


def requested(application: Json) -> bool:
    """Whether a sync is asked for or running; a dry run does not count."""
    operation = application.get("operation")
    return operation is not None and not part(operation, "sync").get("dryRun")


def operation(state: Json) -> Operation | None:
    """`status.operationState`; it is absent just after a sync was asked for."""
    if not state:
        return None
    asked, result = part(part(state, "operation"), "sync"), part(state, "syncResult")
    return Operation(
        phase=text(state, "phase"),
        revisions=revisions(result) or revisions(asked),
        started_at=moment(state, "startedAt"),
        finished_at=moment(state, "finishedAt"),
        message=text(state, "message"),
        retry_count=int(state.get("retryCount") or 0),
        dry_run=bool(asked.get("dryRun")),
        partial=bool(asked.get("resources")),
        has_result=bool(revisions(result)),
        failed_resources=tuple(_failed(r) for r in result.get("resources") or () if _bad(r)),
    )


def _bad(resource: Json) -> bool:
    hook = resource.get("hookPhase") in ("Failed", "Error")
    return hook or resource.get("status") == "SyncFailed"


def _failed(resource: Json) -> str:
    phase = resource.get("syncPhase") or "Sync"
    return f"{named(resource)} ({phase}): {text(resource, 'message')}"
