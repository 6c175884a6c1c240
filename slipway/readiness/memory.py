"""What is remembered from one reading to the next."""

from dataclasses import replace
from datetime import datetime

from slipway.readiness.look import Look
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Progress, Verdict, Waiting


def begun(previous: Progress, seen: Observation) -> Progress:
    """The first reading says how many sources there are, and which sync was over before."""
    parent = begun(previous.parent or Progress(), seen.parent) if seen.parent else previous.parent
    if previous.sources is not None:
        return replace(previous, parent=parent)
    operation = seen.operation
    over = operation and operation.finished and not seen.operation_requested
    inherited = operation.started_at if operation and over else None
    return replace(previous, sources=seen.sources, inherited=inherited, parent=parent)


def with_trouble(look: Look, now: datetime) -> Progress:
    """Since when Pods of X cannot run."""
    troubled = look.contained and any(workload.trouble for workload in look.carriers)
    since = (look.previous.trouble_since or now) if troubled else None
    return replace(look.previous, trouble_since=since)


def with_ends(look: Look, progress: Progress) -> Progress:
    """How the Jobs of a sync of X ended: once removed, nothing tells it any more."""
    operation = look.operation
    if operation is None or not (look.applied and look.is_compared):
        return progress
    own = {ran.name for ran in operation.ran if ran.is_job}
    now = {
        (operation.started_at, str(resource)): resource.health
        for resource in look.seen.resources
        if str(resource) in own and resource.health in ("Healthy", "Degraded")
    }
    return replace(progress, ended={**progress.ended, **now})


def staying(
    progress: Progress, state: tuple[object, ...], seen: Observation, now: datetime
) -> Progress:
    """One more reading in a state, or the first."""
    if progress.state == state:
        return replace(progress, readings=progress.readings + 1)
    return replace(progress, state=state, since=now, readings=1, reconciled_at=seen.reconciled_at)


def asked(progress: Progress, verdict: Verdict) -> Progress:
    """A hard refresh is asked for once: it costs the engine its caches."""
    if not isinstance(verdict, Waiting) or verdict.ask != "hard":
        return progress
    if verdict.of_parent:
        return replace(progress, parent=replace(progress.parent or Progress(), hard_refreshed=True))
    return replace(progress, hard_refreshed=True)
