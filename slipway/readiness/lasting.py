"""What a state comes to when it lasts: it is said or helped in another way, or it fails."""

from dataclasses import replace
from datetime import datetime, timedelta

from slipway.readiness.endings import back, no_retry
from slipway.readiness.look import Look
from slipway.readiness.observation import Block, Observation
from slipway.readiness.verdict import Failed, Progress, Verdict, Waiting

_READINGS = 3  # consecutive readings with an error before it can count
_UNSTARTED = timedelta(seconds=60)  # Argo CD before 3.4.7 and 3.5.1 may forget to start a sync
_CHANGES = ("out-of-sync", "unstarted", "person", "operation")  # states that a sync would end
UNTOLD = ("missing", "untold")  # health that says nothing of the workloads that are there
_FINAL = ("Deployment", "Job")  # Degraded by their own rule, which they do not take back
_MOMENT = timedelta(seconds=10)  # in which they notice that there is a new version


def lasting(look: Look, waiting: Waiting, progress: Progress, now: datetime) -> Verdict:
    """The verdict on a state, by how long it has lasted already."""
    lasted = now - (progress.since or now)
    if waiting.state == "sync-error" and _moved(progress, _about(look, waiting).seen):
        return Failed(waiting.reason, no_retry(look))
    if waiting.state == "unstarted" and lasted >= _UNSTARTED and not waiting.of_parent:
        return replace(waiting, ask="sync")
    if waiting.state == "degraded" and lasted >= _MOMENT and _is_final(look.seen):
        return _degraded(look)
    return waiting if lasted < look.wanted.grace else _beyond_grace(look, waiting, progress)


def _beyond_grace(look: Look, waiting: Waiting, progress: Progress) -> Verdict:
    about = _about(look, waiting)
    match waiting.state:
        case "degraded":
            return _degraded(look)
        case "missing" | "untold":
            return _untold(look, waiting)
        case "person":
            return _for_a_person(look, waiting)
    hint = _hint(about, waiting.state, progress)
    return Failed(waiting.reason, hint) if hint else waiting


def _for_a_person(look: Look, waiting: Waiting) -> Waiting:
    which = f" {look.wanted.parent}".rstrip() if waiting.of_parent else ""
    return replace(waiting, reason=f"{waiting.reason}: waiting for a person to sync{which}")


def _hint(about: Look, state: str, progress: Progress) -> str:
    """What to do about a state that is a failure when it lasts; empty for all others."""
    match state:
        case "error" if about.previous.hard_refreshed and progress.readings >= _READINGS:
            return "correct the manifests or the repository access, then retry"
        case "failing":
            return "correct what it names, then run the promotion again"
        case "unproven":
            return "let the engine check health, or let us read the workloads of the application"
        case "absent" if about.seen.parent or not about.seen.has_parent:
            return "the application does not read the file and key that were edited"
    return ""


def blocked(look: Look, waiting: Waiting) -> Block | None:
    """A sync window is what the wait is about: nothing may be changed, and nothing failed."""
    about = _about(look, waiting)
    operation = about.operation
    if waiting.state == "running" and operation and operation.parked:
        return about.seen.block or Block(operation.message)
    return about.seen.block if waiting.state in _CHANGES else None


def troubled(look: Look, progress: Progress, now: datetime) -> Failed | None:
    """Pods of X cannot run for longer than the grace time; the engine would wait much longer."""
    since = progress.trouble_since
    if since is None or now - since < look.wanted.grace:
        return None
    workload = next(w for w in look.carriers if w.trouble)
    return Failed(
        f"{workload.kind}/{workload.name} cannot start its new Pods: {workload.trouble}",
        f"the old Pods still answer; correct the cause, or {back(look)}",
    )


def _about(look: Look, waiting: Waiting) -> Look:
    return look.parent if waiting.of_parent and look.parent else look


def _degraded(look: Look) -> Failed:
    bad = ", ".join(str(r) for r in look.seen.resources if r.health == "Degraded")
    return Failed(
        f"the application is degraded, and stays so{f': {bad}' if bad else ''}",
        f"its Pods and events say why: mend it, or {back(look)}",
    )


def _untold(look: Look, waiting: Waiting) -> Failed:
    """The sync of X is over and compared: health comes within the grace time, or not at all."""
    if waiting.state == "missing":
        which = ", ".join(sorted(look.missing - look.gone))
        hint = f"find out who removes it, or which sync leaves it out; or {back(look)}"
        return Failed(f"a resource is missing, and stays so{f': {which}' if which else ''}", hint)
    hint = "the engine's log says why it cannot tell the health, or a check of its own is wrong"
    return Failed(f"{waiting.reason}, and stays so", hint)


def _is_final(seen: Observation) -> bool:
    """Every resource is current or failed for good: nothing can change any more."""
    health = {resource.health for resource in seen.resources} - {""}
    for_good = any(r.health == "Degraded" and r.kind in _FINAL for r in seen.resources)
    return for_good and health <= {"Healthy", "Degraded"}


def _moved(progress: Progress, seen: Observation) -> bool:
    """There was another compare since the state began."""
    before, last = progress.reconciled_at, seen.reconciled_at
    return before is not None and last is not None and last > before
