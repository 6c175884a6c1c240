"""What "commit X is live and healthy" means, written once more, in other words than the product.

Source: facts of Argo CD v3.5, "commit X is live and healthy". Nothing here is taken from the
clauses of the product, so that a mistake in one of the two shows.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime

from slipway.readiness.observation import Observation, Operation, Ran, Workload
from slipway.readiness.verdict import Wanted
from tests.unit.readiness_objects import CHART_DIGEST, DIGEST, A, X, Y

HOLD_X = (X, Y)  # Y is later, and keeps our values
End = tuple[datetime | None, str]  # start of a sync, and a Job of it


def holds(o: Observation, wanted: Wanted, before: AbstractSet[End] = frozenset()) -> bool:
    """Everything that has to be true at one moment; `before` are the ends seen earlier."""
    if o.parent is not None and not at_rest(o.parent):
        return False
    described = o.index >= 0 or any("2.0.0" in value for value in o.spec_values)
    well = at_rest(o, before) and healthy(o, wanted, before) and shown(o, wanted, before)
    return described and well


def good_ends(o: Observation) -> set[End]:
    """The Jobs of the sync of X that a compare after it saw complete."""
    operation = last(o)
    if operation is None or not applied_x(o) or not over(o, operation):
        return set()
    healthy = {f"{r.kind}/{r.name}" for r in o.resources if r.health == "Healthy"}
    return {(operation.started_at, r.name) for r in operation.ran if r.name in healthy}


def at_rest(o: Observation, before: AbstractSet[End] = frozenset()) -> bool:
    """The engine is through with X: nothing is wrong, nothing under way, live equals desired."""
    wrong = o.deleting or o.skip_reconcile or o.stop or o.conditions or o.hold
    useless = o.reads == () and o.index >= 0 and o.parent is None and not o.has_parent
    if wrong or useless or not o.compared_to_spec or o.reconciled_at is None:
        return False
    if len(o.revisions) != o.sources or o.operation_requested:
        return False
    ours = (*((o.index,) if o.index >= 0 else ()), *o.others)
    commits = all(o.revisions[i] in HOLD_X for i in ours)
    return commits and artifacts(o, o.revisions) and over(o, last(o)) and in_sync(o, before)


def artifacts(o: Observation, revisions: tuple[str, ...]) -> bool:
    """Tags are what the registry holds, charts what the sources name."""
    tags = all(revisions[tag.index] == CHART_DIGEST for tag in o.tags)
    return tags and all(revisions[pin.index] == pin.revision for pin in o.pins)


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
    outdated = operation.has_result and not operation.of_spec
    return outdated or applied_revision(o, operation) == A


def applied_revision(o: Observation, operation: Operation) -> str:
    known = len(operation.revisions) == o.sources and o.index >= 0
    return operation.revisions[o.index] if known else ""


def later(one: datetime | None, other: datetime) -> bool:
    return one is not None and one > other


def applied_x(o: Observation) -> bool:
    """A sync of everything brought X from every source, as they are described today."""
    operation = last(o)
    if operation is None or operation.phase != "Succeeded" or operation.partial:
        return False
    if not operation.has_result or not operation.of_spec:
        return False
    if o.index < 0 and of_another(o, operation):
        return False
    took = operation.revisions
    if len(took) != o.sources:
        return not (o.tags or o.pins or o.index >= 0)
    commits = [took[i] for i in (o.index, *o.others) if i >= 0]
    return set(commits) <= set(HOLD_X) and artifacts(o, took)


def well_ran(o: Observation, before: AbstractSet[End]) -> list[Ran]:
    operation = last(o)
    if operation is None or not applied_x(o):
        return []
    return [r for r in operation.ran if r.done or (operation.started_at, r.name) in before]


def removed_jobs(o: Observation, before: AbstractSet[End]) -> set[str]:
    ran = {r.name for r in well_ran(o, before) if r.name.startswith("Job/")}
    return ran & {f"{r.kind}/{r.name}" for r in o.resources if r.health == "Missing"}


def in_sync(o: Observation, before: AbstractSet[End]) -> bool:
    if o.sync == "Synced":
        return True
    if o.sync != "OutOfSync" or not applied_x(o):
        return False
    operation = last(o)
    ours = [i for i in (o.index, *o.others) if i >= 0]
    waits = operation is not None and any(operation.revisions[i] != o.revisions[i] for i in ours)
    done = bool(o.out_of_sync) and set(o.out_of_sync) <= removed_jobs(o, before)
    return done or (waits and not o.auto_sync)


def healthy(o: Observation, wanted: Wanted, before: AbstractSet[End]) -> bool:
    if o.health == "Suspended":
        return wanted.accept_suspended
    if o.health == "Missing":
        gone = removed_jobs(o, before)
        rest = {r.health for r in o.resources if f"{r.kind}/{r.name}" not in gone}
        return bool(gone) and rest <= {"Healthy", ""}
    return o.health == "Healthy"


def shown(o: Observation, wanted: Wanted, before: AbstractSet[End]) -> bool:
    """A live workload runs the image on all its Pods; or, if agreed, a job does."""
    if wanted.jobs and any(right(i) for r in well_ran(o, before) for i in r.images):
        return True
    jobs = ("Job", "CronJob")
    live = [w for w in o.workloads if any(right(i) for i in w.images)]
    live = [w for w in live if not any("/books-api:1" in i for i in w.images)]
    live = [w for w in live if wanted.jobs or w.kind not in jobs]
    some = [w for w in live if w.replicas + w.total > 0]
    return bool(some) and all(complete(w, o.health == "Suspended") for w in some)


def right(image: str) -> bool:
    return image.endswith(("books-api:2.0.0", DIGEST))


def carries(w: Workload) -> bool:
    """Whether it runs the wanted image, and no other of its repository beside it."""
    ours = [image for image in w.images if "/books-api" in image]
    return bool(ours) and all(map(right, ours))


def complete(w: Workload, paused: bool) -> bool:
    if w.observed_generation < w.generation:
        return False
    if paused:
        old = w.total - w.updated
        return w.updated >= 1 and w.available - old >= 1 and not w.trouble
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
    yield from {
        "Degraded": ["the application is degraded"],
        "Missing": ["a resource is missing"],
        "": ["the health is not known"],
    }.get(o.health, [])
    yield from (f"{r.kind}/{r.name} failed" for r in o.resources if r.health == "Missing")
    if not o.health_proven:
        yield "applied, health not proven"
    yield from (condition.message for condition in o.conditions)
    yield from (w.trouble for w in o.workloads if w.trouble)
    if not any(carries(w) for w in o.workloads) or not o.spec_values:
        yield "2.0.0"  # the image, or the description, that is not there
    if all(w.kind == "CronJob" for w in o.workloads):
        yield "no live workload runs"
