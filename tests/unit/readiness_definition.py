"""What "commit X is live and healthy" means, written once more, in other words than the product.

Source: facts of Argo CD v3.5, "commit X is live and healthy". Nothing here is taken from the
clauses of the product, so that a mistake in one of the two shows.
"""

from collections.abc import Iterator
from datetime import datetime

from slipway.readiness.observation import Observation, Operation, Workload
from slipway.readiness.verdict import Wanted
from tests.unit.readiness_objects import CHART_DIGEST, DIGEST, A, X, Y

HOLD_X = (X, Y)  # Y is later, and keeps our values


def holds(o: Observation, wanted: Wanted) -> bool:
    """Everything that has to be true at one moment."""
    if o.parent is not None and not at_rest(o.parent):
        return False
    described = o.index >= 0 or any("2.0.0" in value for value in o.spec_values)
    return at_rest(o) and described and healthy(o, wanted) and shown(o, wanted)


def at_rest(o: Observation) -> bool:
    """The engine is through with X: nothing is wrong, nothing under way, live equals desired."""
    wrong = o.deleting or o.skip_reconcile or o.stop or o.conditions or o.hold
    useless = o.reads == () and o.index >= 0 and o.parent is None and not o.has_parent
    if wrong or useless or not o.compared_to_spec or o.reconciled_at is None:
        return False
    if len(o.revisions) != o.sources or o.operation_requested:
        return False
    ours = (*((o.index,) if o.index >= 0 else ()), *o.others)
    commits = all(o.revisions[i] in HOLD_X for i in ours)
    artifacts = all(o.revisions[tag.index] == CHART_DIGEST for tag in o.tags)
    return commits and artifacts and over(o, last(o)) and in_sync(o)


def last(o: Observation) -> Operation | None:
    return None if o.operation is None or o.operation.dry_run else o.operation


def over(o: Observation, operation: Operation | None) -> bool:
    """It has ended, a compare began after that, and it did not fail at X."""
    if operation is None:
        return True
    if operation.finished_at is None or not later(o.reconciled_at, operation.finished_at):
        return False
    if operation.phase == "Succeeded":
        return operation.has_result
    return operation.phase in ("Failed", "Error") and of_another(o, operation)


def of_another(o: Observation, operation: Operation) -> bool:
    if o.index < 0:
        return not (operation.of_spec and any("2.0.0" in value for value in o.spec_values))
    return applied_revision(o, operation) == A


def applied_revision(o: Observation, operation: Operation) -> str:
    known = len(operation.revisions) == o.sources and o.index >= 0
    return operation.revisions[o.index] if known else ""


def later(one: datetime | None, other: datetime) -> bool:
    return one is not None and one > other


def applied_x(o: Observation) -> bool:
    """A sync of everything brought X, and said so."""
    operation = last(o)
    if operation is None or operation.phase != "Succeeded" or operation.partial:
        return False
    ours = (
        applied_revision(o, operation) in HOLD_X if o.index >= 0 else not of_another(o, operation)
    )
    return ours and operation.has_result


def removed_jobs(o: Observation) -> set[str]:
    operation = last(o)
    ran = set(operation.jobs) if operation and applied_x(o) else set()
    return ran & {f"{r.kind}/{r.name}" for r in o.resources if r.health == "Missing"}


def in_sync(o: Observation) -> bool:
    if o.sync == "Synced":
        return True
    if o.sync != "OutOfSync" or not applied_x(o):
        return False
    operation = last(o)
    waits = operation is not None and applied_revision(o, operation) != o.revision
    done = bool(o.out_of_sync) and set(o.out_of_sync) <= removed_jobs(o)
    return done or (waits and not o.auto_sync)


def healthy(o: Observation, wanted: Wanted) -> bool:
    if o.health == "Suspended":
        return wanted.accept_suspended
    if o.health == "Missing":
        gone = removed_jobs(o)
        rest = {r.health for r in o.resources if f"{r.kind}/{r.name}" not in gone}
        return bool(gone) and rest <= {"Healthy", ""}
    return o.health == "Healthy"


def shown(o: Observation, wanted: Wanted) -> bool:
    """A live workload runs the image on all its Pods; or, if agreed, a job does."""
    operation = last(o)
    if wanted.jobs and operation and applied_x(o) and any(right(i) for i in operation.images):
        return True
    jobs = ("Job", "CronJob")
    live = [w for w in o.workloads if any(right(i) for i in w.images)]
    live = [w for w in live if wanted.jobs or w.kind not in jobs]
    return bool(live) and all(complete(w, o.health == "Suspended") for w in live)


def right(image: str) -> bool:
    return image.endswith(("books-api:2.0.0", DIGEST))


def complete(w: Workload, paused: bool) -> bool:
    if w.observed_generation < w.generation:
        return False
    if paused:
        return w.updated >= 1 and w.available >= 1
    return w.replicas >= 1 and w.total == w.updated == w.available == w.replicas


def grounds(o: Observation) -> Iterator[str]:
    """What in a reading may be called a failure, in words that the reason must hold."""
    yield from _grounds(o)
    if o.parent is not None:
        yield from (f"the parent application: {ground}" for ground in _grounds(o.parent))


def _grounds(o: Observation) -> Iterator[str]:
    operation = last(o)
    if o.deleting:
        yield "the application is being deleted"
    if o.skip_reconcile:
        yield "reconciliation of the application is switched off"
    if o.stop:
        yield o.stop.reason
    if o.reads == () and o.parent is None and not o.has_parent:
        yield "the commit deploys nothing"
    if operation and operation.phase in ("Failed", "Error"):
        yield "the sync of"
    if o.health == "Degraded":
        yield "the application is degraded"
    if not o.health_proven:
        yield "applied, health not proven"
    yield from (condition.message for condition in o.conditions)
    yield from (w.trouble for w in o.workloads if w.trouble)
    if not any(right(i) for w in o.workloads for i in w.images) or not o.spec_values:
        yield "2.0.0"  # the image, or the description, that is not there
    if all(w.kind == "CronJob" for w in o.workloads):
        yield "no live workload runs"
