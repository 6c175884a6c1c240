"""The clauses of "commit X is live and healthy", in the order in which they come true.

Each says why it does not hold, or nothing. Source of the rule: Argo CD source, v3.5 line.
"""

from collections.abc import Callable

from slipway.readiness.look import Look
from slipway.readiness.observation import Condition, Observation
from slipway.readiness.verdict import Ask, Waiting

_ERRORS = ("ComparisonError", "InvalidSpecError", "UnknownError", "DeletionError", "SourceError")


def unmet(look: Look) -> Waiting | None:
    """The first clause that does not hold, as the reason to wait; None when all hold."""
    return next((waiting for clause in _CLAUSES if (waiting := clause(look))), None)


def _no_error(look: Look) -> Waiting | None:
    found = _condition(look.seen, *_ERRORS)
    if found is None:
        return None
    ask: Ask = "refresh" if look.previous.hard_refreshed else "hard"
    return Waiting(f"{found.type}: {found.message}", ask, "error")


def _condition(seen: Observation, *types: str) -> Condition | None:
    return next((c for c in seen.conditions if c.type in types), None)


def _current(look: Look) -> Waiting | None:
    if look.seen.compared_to_spec:
        return None
    return Waiting("the status is still about an older version of the application", state="spec")


def _contained(look: Look) -> Waiting | None:
    seen, revision = look.seen, look.seen.revision
    if seen.index < 0 or look.contains(revision):
        return None
    if seen.hold:
        return Waiting(seen.hold, "refresh", "revision")
    at = f"still looks at {revision[:12]}" if revision else "has not looked yet"
    return Waiting(f"the engine {at}, not at {look.wanted.revision[:7]}", "refresh", "revision")


def _resolved(look: Look) -> Waiting | None:
    for tag in look.seen.tags:
        known = look.known.digests.get(tag.reference)
        revisions = look.seen.revisions if len(look.seen.revisions) == look.seen.sources else ()
        if known is None:
            return Waiting(f"what {tag.reference} points at is not known", state="tag")
        if not revisions or revisions[tag.index] != known:
            return Waiting(f"the engine has not seen {tag.reference} yet", "refresh", "tag")
    return None


def _held(look: Look) -> Waiting | None:
    return Waiting(look.seen.hold, state="hold") if look.seen.hold else None


def _idle(look: Look) -> Waiting | None:
    operation = look.operation
    if not look.seen.operation_requested and (operation is None or operation.finished):
        return None
    if operation is None or operation.finished:
        return Waiting("a sync is about to start", state="running")
    count = operation.retry_count
    retry = f", retry {count}" if count else ""
    said = f": {operation.message}" if operation.message else ""
    revision = look.seen.operation_revision[:7] or "an unknown revision"
    return Waiting(
        f"the sync of {revision} is {operation.phase.lower()}{retry}{said}", state="running"
    )


def _compared(look: Look) -> Waiting | None:
    operation, compared = look.operation, look.seen.reconciled_at
    if operation is None or operation.finished_at is None:
        return None if operation is None and compared else _uncompared()
    return None if compared and compared > operation.finished_at else _uncompared()


def _uncompared() -> Waiting:
    return Waiting("the sync is over; the result is not compared yet", "refresh", "compare")


def _clean(look: Look) -> Waiting | None:
    found = _condition(look.seen, "SyncError")
    if found:
        return Waiting(f"SyncError: {found.message}", "refresh", "sync-error")
    failing = _condition(look.seen, "ReconcileError")  # unlike a SyncError it is tried again
    return Waiting(failing.message, state="failing") if failing else None


def _synced(look: Look) -> Waiting | None:
    seen = look.seen
    if seen.sync == "Synced" or look.pending:
        return None
    if seen.sync != "OutOfSync":
        return Waiting(f"the sync status is {seen.sync or 'empty'}", "refresh", "unknown")
    if seen.auto_sync:
        return Waiting("out of sync; the automated sync has not started", state="out-of-sync")
    if look.applied:
        which = ", ".join(seen.out_of_sync) or "something"
        return Waiting(f"applied, but still out of sync: {which}", state="out-of-sync")
    if look.may_start:
        return Waiting("out of sync; starting the sync", "sync", "out-of-sync")
    return Waiting(
        "out of sync, and automated sync is off: waiting for a person to sync", state="person"
    )


def _operation_good(look: Look) -> Waiting | None:
    operation = look.operation
    if operation is None or (operation.phase == "Succeeded" and operation.has_result):
        return None
    if operation.phase == "Succeeded":
        return Waiting("the last sync does not say what it applied", state="operation")
    if look.relation(look.seen.operation_revision) == "without":
        return None  # an older failure, overtaken by a good state
    ask: Ask | None = "sync" if look.may_start and look.failed else None
    return Waiting(f"the last sync ended {operation.phase}", ask, "operation")


def _healthy(look: Look) -> Waiting | None:
    health = look.seen.health
    if health == "Healthy":
        return None
    if health == "Suspended":
        return Waiting("a workload is paused; that is not deployed", state="suspended")
    said = {"Progressing": "rolling out", "Degraded": "degraded"}.get(health)
    return Waiting(said or f"health is {health or 'not known yet'}", state=health.lower())


def _evident(look: Look) -> Waiting | None:
    if not look.carriers and not look.seen.health_proven:
        return Waiting("applied, health not proven: no workload shows it", state="unproven")
    if not look.carriers:
        live = sorted({i for w in look.seen.workloads for i in w.images})
        wanted = f"{look.wanted.repository}:{look.wanted.version}"
        return Waiting(
            f"no live workload runs {wanted}; there is {', '.join(live) or 'none'}", state="absent"
        )
    behind = next((w for w in look.carriers if not w.rolled_out), None)
    if behind is None:
        return None
    return Waiting(
        f"{behind.kind}/{behind.name}: {behind.updated} updated and {behind.available} available"
        f" of {behind.replicas} Pods",
        state="rollout",
    )


_CLAUSES: tuple[Callable[[Look], Waiting | None], ...] = (
    _no_error,
    _current,
    _contained,
    _resolved,
    _idle,
    _held,
    _compared,
    _clean,
    _synced,
    _operation_good,
    _healthy,
    _evident,
)
