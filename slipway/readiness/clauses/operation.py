"""What the last sync means: it is over, it was compared since, and it went well."""

from slipway.readiness.clauses.revision import condition
from slipway.readiness.look import Look
from slipway.readiness.observation import Operation
from slipway.readiness.verdict import Ask, Waiting


def idle(look: Look) -> Waiting | None:
    """No sync is asked for, is under way, or waits for its retry."""
    operation = look.operation
    if not look.seen.operation_requested and (operation is None or operation.finished):
        return None
    if operation is None or operation.finished:
        return Waiting("a sync is about to start", state="running")
    said = f": {operation.message}" if operation.message else ""
    revision = look.seen.operation_revision[:7] or "an unknown revision"
    return Waiting(
        f"the sync of {revision} is {operation.phase.lower()}{_retry(look, operation)}{said}",
        "terminate" if _is_in_the_way(look, operation) else None,
        "running",
    )


def _retry(look: Look, operation: Operation) -> str:
    count, limit = operation.retry_count, operation.retry_limit
    if not count:
        return ""
    of = f" of {limit}" if limit > 0 else ""
    old = f" of the older {look.seen.operation_revision[:7]}" if look.older else ""
    return f", retry {count}{of}{old}"


def _is_in_the_way(look: Look, operation: Operation) -> bool:
    """It retries a commit without X, and will not look at X before it gives up."""
    retrying = operation.phase == "Running" and operation.retry_count > 0
    return look.wanted.terminate and retrying and look.older and not operation.retry_newest


def held(look: Look) -> Waiting | None:
    """Nothing is in progress that only the engine's own rules tell."""
    return Waiting(look.seen.hold, state="hold") if look.seen.hold else None


def compared(look: Look) -> Waiting | None:
    """What the last compare saw is the result of the last sync."""
    if look.is_compared:
        return None
    return Waiting("the sync is over; the result is not compared yet", "refresh", "compare")


def clean(look: Look) -> Waiting | None:
    """The engine does not complain about the sync; it forgets a complaint one refresh later."""
    found = condition(look.seen, "SyncError")
    if found:
        return Waiting(f"SyncError: {found.message}", "refresh", "sync-error")
    failing = condition(look.seen, "ReconcileError")  # unlike a SyncError it is tried again
    return Waiting(failing.message, state="failing") if failing else None


def synced(look: Look) -> Waiting | None:
    """Live equals desired, or X was applied and only a later commit waits."""
    seen = look.seen
    if seen.sync == "Synced" or look.pending:
        return None
    if seen.sync != "OutOfSync":
        return Waiting(f"the sync status is {seen.sync or 'empty'}", "refresh", "unknown")
    if seen.out_of_sync and look.gone.issuperset(seen.out_of_sync):
        return None
    return _out_of_sync(look)


def _out_of_sync(look: Look) -> Waiting:
    if look.seen.auto_sync:
        return Waiting("out of sync; the automated sync has not started", state="unstarted")
    if look.applied:
        which = ", ".join(look.seen.out_of_sync) or "something"
        return Waiting(f"applied, but still out of sync: {which}", state="out-of-sync")
    if look.may_start:
        return Waiting("out of sync; starting the sync", "sync", "out-of-sync")
    return Waiting("out of sync, and automated sync is off", state="person")


def succeeded(look: Look) -> Waiting | None:
    """The last sync went well; a bad one of an older commit was overtaken by a good state."""
    operation = look.operation
    if operation is None or (operation.phase == "Succeeded" and operation.has_result):
        return None
    if operation.phase == "Succeeded":
        return Waiting("the last sync does not say what it applied", state="operation")
    if look.older:
        return None
    ask: Ask | None = "sync" if look.may_start and look.failed else None
    return Waiting(f"the last sync ended {operation.phase}", ask, "operation")
