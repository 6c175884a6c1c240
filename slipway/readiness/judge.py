"""Is commit X live and healthy? Decided from one reading and a little memory; no I/O, no clock.

The rule (from the Argo CD source, v3.5 line): the status is about today's spec, the rendered
revision contains X with X's values still there, no operation is under way, the compare is later
than the last operation's end, everything is in sync without errors, healthy, and a live workload
runs the wanted image on all its Pods; and all of this stays so for the settle time. Each shorter
rule ("Synced and Healthy", "the sync succeeded") is true at some moment while the old version runs.
"""

from dataclasses import replace
from datetime import datetime

from slipway.readiness.clauses import unmet
from slipway.readiness.look import Look
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import (
    Blocked,
    Failed,
    Known,
    Progress,
    Ready,
    Superseded,
    Verdict,
    Waiting,
    Wanted,
)

_READINGS = 3  # consecutive readings with an error before it can count
_CHANGES = ("running", "out-of-sync", "person", "operation")  # states that a sync would end


def judge(
    observation: Observation,
    wanted: Wanted,
    known: Known,
    previous: Progress,
    now: datetime,
) -> tuple[Verdict, Progress]:
    """The verdict on this reading, and what to remember for the next one.

    `now` must never run backwards. Start with an empty `Progress`.
    """
    previous = _first(previous, observation)
    look = Look(observation, wanted, known, previous)
    progress = _with_trouble(look, now)
    over = _over(look) or _troubled(look, progress, now)
    if over:
        return over, progress
    waiting = unmet(look)
    if waiting is None:
        progress = _staying(progress, _settling(look), observation, now)
        return _settled(look, progress, now), progress
    if observation.block and waiting.state in _CHANGES:
        blocked = Blocked(observation.block.reason, observation.block.until)
        return blocked, _staying(progress, ("blocked",), observation, now)
    progress = _staying(progress, (waiting.state,), observation, now)
    verdict = _lasting(look, waiting, progress, now)
    if isinstance(verdict, Waiting) and verdict.ask == "hard":
        progress = replace(progress, hard_refreshed=True)
    return verdict, progress


def _first(previous: Progress, seen: Observation) -> Progress:
    if previous.sources is not None:
        return previous
    operation = seen.operation
    over = operation and operation.finished and not seen.operation_requested
    inherited = operation.started_at if operation and over else None
    return replace(previous, sources=seen.sources, inherited=inherited)


def _with_trouble(look: Look, now: datetime) -> Progress:
    troubled = look.contains(look.seen.revision) and any(w.trouble for w in look.carriers)
    since = (look.previous.trouble_since or now) if troubled else None
    return replace(look.previous, trouble_since=since)


def _staying(
    progress: Progress, state: tuple[object, ...], seen: Observation, now: datetime
) -> Progress:
    if progress.state == state:
        return replace(progress, readings=progress.readings + 1)
    return replace(progress, state=state, since=now, readings=1, reconciled_at=seen.reconciled_at)


def _settling(look: Look) -> tuple[object, ...]:
    """A new health transition or a new operation begins the settle time again."""
    operation = look.operation
    return ("settling", look.seen.health_since, operation.started_at if operation else None)


def _settled(look: Look, progress: Progress, now: datetime) -> Verdict:
    since = progress.since or now
    if now - since < look.wanted.settle:
        return Waiting("healthy; making sure that it stays so", state="settling")
    seen = look.seen
    observed = seen.operation_revision if look.pending else seen.revision
    later = f"; the later commit {seen.revision[:7]} waits for a sync" if look.pending else ""
    shown = "live and healthy" if seen.health_proven else "live by its workloads' Pods alone"
    at = observed[:7] or look.wanted.revision[:7]
    summary = f"{look.wanted.version} is {shown} at {at}{later}"
    return Ready(observed or look.wanted.revision, _healthy_since(look) or since, summary)


def _healthy_since(look: Look) -> datetime | None:
    """Health may never have changed since the version before: the end of the sync counts too."""
    operation = look.operation if look.applied else None
    synced = operation.finished_at if operation else None
    return max((moment for moment in (look.seen.health_since, synced) if moment), default=None)


def _over(look: Look) -> Verdict | None:
    seen, previous = look.seen, look.previous
    if seen.deleting:
        return Failed("the application is being deleted", "find out who deletes it, and why")
    if seen.skip_reconcile:
        return Failed(
            "reconciliation of the application is switched off",
            "remove its annotation argocd.argoproj.io/skip-reconcile",
        )
    if seen.stop:
        return Failed(seen.stop.reason, seen.stop.hint)
    if seen.sources != previous.sources:
        return Failed(
            f"the application had {previous.sources} sources and now has {seen.sources}",
            "somebody changed the application during the wait; run the promotion again",
        )
    if look.relation(seen.revision) == "changed":
        return Superseded(f"commit {seen.revision[:7]} has replaced the values we wrote")
    return _failure(look) if look.failed else None


def _failure(look: Look) -> Failed | None:
    seen, operation = look.seen, look.operation
    if operation is None:
        return None
    inherited = look.previous.inherited
    if look.may_start and inherited and operation.started_at == inherited:
        return None  # it failed before this wait: we start it again
    if seen.auto_sync and look.contains(seen.revision) and _differs(seen):
        return None  # a later commit is there: the engine tries that one by itself
    resources = "".join(f"; {resource}" for resource in operation.failed_resources)
    return Failed(
        f"the sync of {seen.operation_revision[:7]} ended {operation.phase}: "
        f"{operation.message}{resources}",
        "the engine does not try this commit again: push a fix",
    )


def _differs(seen: Observation) -> bool:
    return seen.revision != seen.operation_revision


def _troubled(look: Look, progress: Progress, now: datetime) -> Failed | None:
    since = progress.trouble_since
    if since is None or now - since < look.wanted.grace:
        return None
    workload = next(w for w in look.carriers if w.trouble)
    return Failed(
        f"{workload.kind}/{workload.name} cannot start its new Pods: {workload.trouble}",
        "the old Pods still answer; correct the cause, or promote another version",
    )


def _lasting(look: Look, waiting: Waiting, progress: Progress, now: datetime) -> Verdict:
    """Some states fail when they last."""
    seen, expired = look.seen, now - (progress.since or now) >= look.wanted.grace
    if waiting.state == "sync-error" and _moved(progress, seen):
        return Failed(waiting.reason, "the engine does not try this commit again: push a fix")
    if not expired:
        return waiting
    return _failed_by_now(look, waiting, progress) or waiting


def _failed_by_now(look: Look, waiting: Waiting, progress: Progress) -> Failed | None:
    if waiting.state == "degraded":
        return Failed("the application is degraded, and stays so", "its Pods and events say why")
    if waiting.state == "error" and look.previous.hard_refreshed and progress.readings >= _READINGS:
        return Failed(waiting.reason, "correct the manifests or the repository access, then retry")
    if waiting.state == "failing":
        return Failed(waiting.reason, "correct what it names, then run the promotion again")
    if waiting.state == "unproven":
        hint = "let the engine check health, or let us read the workloads of the application"
        return Failed(waiting.reason, hint)
    if waiting.state == "absent" and not look.seen.has_parent:
        return Failed(
            waiting.reason, "the application does not read the file and key that were edited"
        )
    return None


def _moved(progress: Progress, seen: Observation) -> bool:
    """There was another compare since the state began."""
    before, last = progress.reconciled_at, seen.reconciled_at
    return before is not None and last is not None and last > before
