"""From an Argo CD Application object to an Observation. Pure: shapes in, values out.

Absent fields, null lists and a missing operationState are normal shapes. `metadata.generation` and
`status.observedAt` are never read: every status write moves the first, nothing writes the second.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from slipway.errors import InvalidInput
from slipway.readiness.observation import Condition, Observation, Operation, Workload
from slipway.readiness.references import same_repository
from slipway.service import GitOps

Json = Mapping[str, Any]
_SKIP = "argocd.argoproj.io/skip-reconcile"
_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCE = "app.kubernetes.io/instance"


def observation(
    application: Json, workloads: Sequence[Workload] = (), gitops: GitOps | None = None
) -> Observation:
    """What one GET of the application says; InvalidInput when no source is the one we push to."""
    metadata, spec, status = (_of(application, key) for key in ("metadata", "spec", "status"))
    sync, health, annotations = (
        _of(status, "sync"),
        _of(status, "health"),
        _of(metadata, "annotations"),
    )
    found = sources(spec)
    return Observation(
        sources=len(found),
        index=pushed(found, gitops, str(metadata.get("name"))),
        revisions=_revisions(sync),
        compared_to_spec=_compared(spec, _of(sync, "comparedTo")),
        sync=sync.get("status") or "",
        health=health.get("status") or "",
        health_since=_time(health.get("lastTransitionTime")),
        reconciled_at=_time(status.get("reconciledAt")),
        operation_requested=_requested(application),
        operation=_operation(_of(status, "operationState")),
        conditions=tuple(
            Condition(str(c.get("type")), str(c.get("message", "")))
            for c in status.get("conditions") or ()
        ),
        deleting=bool(metadata.get("deletionTimestamp")),
        skip_reconcile=annotations.get(_SKIP) == "true",
        auto_sync=automatic(spec),
        has_parent=_TRACKING in annotations or _INSTANCE in _of(metadata, "labels"),
        out_of_sync=_out_of_sync(status),
        resource_version=str(metadata.get("resourceVersion", "")),
        workloads=tuple(workloads),
    )


def sources(spec: Json) -> tuple[Json, ...]:
    """The sources of an application; `sources` wins over `source`."""
    several = spec.get("sources") or ()
    return tuple(several) if several else (_of(spec, "source"),)


def pushed(found: Sequence[Json], gitops: GitOps | None, name: str) -> int:
    """Index of the source that reads the repository we push to; InvalidInput when none does."""
    candidates = [
        index
        for index, source in enumerate(found)
        if _is_git(source)
        and (gitops is None or same_repository(str(source["repoURL"]), gitops.repository))
    ]
    if not candidates:
        urls = ", ".join(str(source.get("repoURL")) for source in found)
        wanted = gitops.repository if gitops else "a Git repository"
        raise InvalidInput(
            f"no source of application '{name}' reads {wanted}; it reads {urls or 'nothing'}",
            "correct gitops.repository in the service file, or the application's source",
        )
    followed = {"", "HEAD"} | ({gitops.branch} if gitops else set())
    return next(
        (i for i in candidates if str(found[i].get("targetRevision", "")) in followed),
        candidates[0],
    )


def automatic(spec: Json) -> bool:
    """Whether automated sync is on; an empty `automated` block switches it on."""
    automated = _of(spec, "syncPolicy").get("automated")
    return automated is not None and automated.get("enabled") is not False


def _is_git(source: Json) -> bool:
    """`oci://` sources report a digest, `chart:` sources a version: neither is a commit."""
    url = str(source.get("repoURL", ""))
    return bool(url) and not url.startswith("oci://") and not source.get("chart")


def _of(value: Json, key: str) -> Json:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}


def _revisions(holder: Json) -> tuple[str, ...]:
    several = holder.get("revisions") or ()
    single = holder.get("revision")
    return tuple(several) if several else ((single,) if single else ())


def _compared(spec: Json, compared: Json) -> bool:
    wanted = [_plain(source) for source in sources(spec)]
    seen = [_plain(source) for source in sources(compared)]
    return wanted == seen and _plain(spec.get("destination")) == _plain(compared.get("destination"))


def _plain(value: Any) -> Any:
    """Without empty parts: an absent helm block and an empty one are the same source."""
    if isinstance(value, Mapping):
        parts = {key: _plain(part) for key, part in value.items()}
        return {key: part for key, part in parts.items() if part not in ({}, [], "", None, False)}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _requested(application: Json) -> bool:
    operation = application.get("operation")
    return operation is not None and not _of(operation, "sync").get("dryRun")


def _operation(state: Json) -> Operation | None:
    if not state:
        return None
    asked, result = _of(_of(state, "operation"), "sync"), _of(state, "syncResult")
    return Operation(
        phase=str(state.get("phase", "")),
        revisions=_revisions(result) or _revisions(asked),
        started_at=_time(state.get("startedAt")),
        finished_at=_time(state.get("finishedAt")),
        message=str(state.get("message", "")),
        retry_count=int(state.get("retryCount") or 0),
        dry_run=bool(asked.get("dryRun")),
        partial=bool(asked.get("resources")),
        has_result=bool(_revisions(result)),
        failed_resources=tuple(_failed(r) for r in result.get("resources") or () if _bad(r)),
    )


def _bad(resource: Json) -> bool:
    hook = resource.get("hookPhase") in ("Failed", "Error")
    return hook or resource.get("status") == "SyncFailed"


def _failed(resource: Json) -> str:
    phase = resource.get("syncPhase") or "Sync"
    return f"{_named(resource)} ({phase}): {resource.get('message', '')}"


def _out_of_sync(status: Json) -> tuple[str, ...]:
    return tuple(
        _named(resource) + (" (needs pruning)" if resource.get("requiresPruning") else "")
        for resource in status.get("resources") or ()
        if resource.get("status") == "OutOfSync"
    )


def _named(resource: Json) -> str:
    return f"{resource.get('kind')}/{resource.get('name')}"


def _time(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
