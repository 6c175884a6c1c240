"""From an Argo CD Application object to an Observation. Pure: shapes in, values out.

Absent fields, null lists and a missing operationState are normal shapes. `metadata.generation` and
`status.observedAt` are never read: every status write moves the first, nothing writes the second.
"""

from collections.abc import Sequence

from slipway.engines.argocd_operation import operation, requested
from slipway.engines.argocd_reads import reads
from slipway.engines.argocd_shapes import Json, moment, named, part, revisions, text
from slipway.engines.argocd_sources import (
    automatic,
    pushed,
    pushed_or_none,
    same_spec,
    sources,
    tags,
)
from slipway.readiness.observation import Condition, Observation, Workload
from slipway.service import GitOps

_SKIP = "argocd.argoproj.io/skip-reconcile"
_TRACKING = "argocd.argoproj.io/tracking-id"
_INSTANCE = "app.kubernetes.io/instance"


def observation(
    application: Json,
    workloads: Sequence[Workload] = (),
    gitops: GitOps | None = None,
    parent: Observation | None = None,
) -> Observation:
    """What one GET of the application says.

    `parent` is a reading of the application that deploys this one's manifest, taken before this
    one. Without it InvalidInput is raised when no source is the repository we push to.
    """
    metadata, spec, status = (part(application, key) for key in ("metadata", "spec", "status"))
    sync, health = part(status, "sync"), part(status, "health")
    annotations = part(metadata, "annotations")
    found = sources(spec)
    ours = (
        pushed_or_none(found, gitops) if parent else pushed(found, gitops, text(metadata, "name"))
    )
    return Observation(
        sources=len(found),
        index=ours,
        revisions=revisions(sync),
        compared_to_spec=same_spec(spec, part(sync, "comparedTo")),
        sync=text(sync, "status"),
        health=text(health, "status"),
        health_since=moment(health, "lastTransitionTime"),
        reconciled_at=moment(status, "reconciledAt"),
        operation_requested=requested(application),
        operation=operation(part(status, "operationState")),
        conditions=tuple(
            Condition(text(c, "type"), text(c, "message")) for c in status.get("conditions") or ()
        ),
        deleting=bool(metadata.get("deletionTimestamp")),
        skip_reconcile=annotations.get(_SKIP) == "true",
        auto_sync=automatic(spec),
        has_parent=_TRACKING in annotations or _INSTANCE in part(metadata, "labels"),
        out_of_sync=_out_of_sync(status),
        resource_version=text(metadata, "resourceVersion"),
        workloads=tuple(workloads),
        reads=reads(spec, gitops) if gitops else None,
        parent=parent,
        tags=tuple(tags(found)),
    )


def _out_of_sync(status: Json) -> tuple[str, ...]:
    return tuple(
        named(resource) + (" (needs pruning)" if resource.get("requiresPruning") else "")
        for resource in status.get("resources") or ()
        if resource.get("status") == "OutOfSync"
    )
