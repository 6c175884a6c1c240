"""From an Argo CD Application object to an Observation. Pure: shapes in, values out.

Absent fields, null lists and a missing operationState are normal shapes. `metadata.generation` and
`status.observedAt` are never read: every status write moves the first, nothing writes the second.
"""

from collections.abc import Sequence
from dataclasses import replace

from slipway.engines import argocd_hydration as hydration
from slipway.engines import argocd_sources as made
from slipway.engines.argocd_operation import operation, requested
from slipway.engines.argocd_reads import reads
from slipway.engines.argocd_shapes import Json, moment, named, part, revisions, text
from slipway.readiness.observation import (
    Block,
    Condition,
    Observation,
    Operation,
    Resource,
    Workload,
)
from slipway.readiness.references import scalars
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
    found = made.sources(spec)
    ours = made.pushed(found, gitops)
    if not ours and parent is None:
        raise made.nothing_pushed(found, gitops, text(metadata, "name"))
    synced = _operation(spec, status)
    return Observation(
        sources=len(found),
        index=ours[0] if ours else -1,
        revisions=hydration.dry(spec, status, revisions(sync)),
        compared_to_spec=made.same_spec(spec, part(sync, "comparedTo"))
        and hydration.of_spec(spec, status),
        sync=text(sync, "status"),
        health=text(health, "status"),
        health_since=moment(health, "lastTransitionTime"),
        reconciled_at=moment(status, "reconciledAt"),
        operation_requested=requested(application),
        operation=synced,
        conditions=_conditions(status) + hydration.complaints(spec, status),
        deleting=bool(metadata.get("deletionTimestamp")),
        skip_reconcile=annotations.get(_SKIP) == "true",
        auto_sync=made.automatic(spec),
        has_parent=_TRACKING in annotations or _INSTANCE in part(metadata, "labels"),
        out_of_sync=_out_of_sync(status),
        workloads=tuple(workloads),
        block=Block(synced.message) if synced and synced.parked else None,
        hold=hydration.hold(spec, status),
        reads=reads(spec, gitops) if gitops else None,
        parent=parent,
        tags=made.tags(found),
        pins=made.pins(found),
        others=ours[1:],
        spec_values=tuple(scalars(found)),
        resources=tuple(_resources(status)),
        hydrated=bool(part(spec, "sourceHydrator")),
    )


def _operation(spec: Json, status: Json) -> Operation | None:
    found = operation(part(status, "operationState"), spec)
    return found and replace(found, revisions=hydration.dry(spec, status, found.revisions))


def _conditions(status: Json) -> tuple[Condition, ...]:
    found = status.get("conditions") or ()
    return tuple(Condition(text(each, "type"), text(each, "message")) for each in found)


def _own(status: Json) -> list[Json]:
    """The resources without the hooks: those come and go."""
    return [each for each in status.get("resources") or () if not each.get("hook")]


def _resources(status: Json) -> list[Resource]:
    return [
        Resource(text(each, "kind"), text(each, "name"), text(part(each, "health"), "status"))
        for each in _own(status)
    ]


def _out_of_sync(status: Json) -> tuple[str, ...]:
    return tuple(
        named(each) + (" (needs pruning)" if each.get("requiresPruning") else "")
        for each in _own(status)
        if each.get("status") == "OutOfSync"
    )
