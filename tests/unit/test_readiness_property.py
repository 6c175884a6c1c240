"""Over random sequences of readings: never Ready too early, and always Ready in the end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.readiness.observation import Condition, Observation, Operation
from slipway.readiness.verdict import Ready, Waiting
from tests.unit.readiness_objects import DIGEST, MANUAL, A, Judge, X, Y, Z, deployment, seen

GOOD = seen()
MINUTE = datetime(2026, 8, 22, 10, 1, tzinfo=UTC)
FINISHED = MINUTE + timedelta(seconds=9)
ERRORS = ("ComparisonError", "InvalidSpecError", "UnknownError", "DeletionError", "SyncError")
REVISIONS = st.sampled_from([X, X, Y, A, Z, "main", ""])
assert GOOD.operation is not None
OPERATIONS = st.none() | st.builds(
    replace,
    st.just(GOOD.operation),
    phase=st.sampled_from(["Succeeded", "Succeeded", "Running", "Terminating", "Failed", "Error"]),
    revisions=REVISIONS.map(lambda revision: (revision,)),
    finished_at=st.sampled_from([FINISHED, FINISHED, None]),
    dry_run=st.booleans(),
    partial=st.booleans(),
    has_result=st.booleans(),
)
LIVE = st.sampled_from(
    [
        seen(live=[deployment(image, **status)]).workloads
        for image in ("ghcr.io/parraletz/books-api:2.0.0", "ghcr.io/parraletz/books-api:1.9.0")
        for status in ({}, {"availableReplicas": 1}, {"observedGeneration": 5})
    ]
    + [(), seen(live=[deployment(f"mirror.example/books@{DIGEST}")]).workloads]
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "revisions": REVISIONS.map(lambda revision: (revision,)) | st.just(()),
    "compared_to_spec": st.booleans(),
    "sync": st.sampled_from(["Synced", "OutOfSync", "OutOfSync", "Unknown", ""]),
    "health": st.sampled_from(["Healthy", "Progressing", "Degraded", "Suspended", "Missing", ""]),
    "health_since": st.sampled_from([None, MINUTE, MINUTE + timedelta(seconds=34)]),
    "reconciled_at": st.sampled_from(
        [None, *(FINISHED + timedelta(seconds=s) for s in (-1, 0, 1))]
    ),
    "operation_requested": st.booleans(),
    "operation": OPERATIONS,
    "conditions": st.sampled_from(ERRORS).map(lambda error: (Condition(error, "said"),)),
    "deleting": st.booleans(),
    "skip_reconcile": st.booleans(),
    "auto_sync": st.booleans(),
    "workloads": LIVE,
}


@st.composite
def readings(draw: st.DrawFn) -> Observation:
    """The good state with a few fields replaced: near misses are what a rule gets wrong."""
    names = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=3, unique=True))
    changes: dict[str, Any] = {name: draw(FIELDS[name]) for name in names}
    return replace(GOOD, **changes)


# Each state is looked at twice: only a state that stays can be taken for a settled one.
SEQUENCES = st.lists(
    st.tuples(st.just(GOOD) | readings(), st.integers(min_value=1, max_value=12)), max_size=8
).map(lambda steps: [step for step in steps for _ in range(2)])


def holds(o: Observation) -> bool:
    """Every clause of the definition, written once more and in other words."""
    operation = None if o.operation is None or o.operation.dry_run else o.operation
    well = not (o.deleting or o.skip_reconcile or o.conditions) and o.compared_to_spec
    idle = not o.operation_requested and (operation is None or over(operation, o.reconciled_at))
    whole = operation is not None and operation.phase == "Succeeded" and not operation.partial
    pending = (
        o.sync == "OutOfSync"
        and not o.auto_sync
        and whole
        and o.operation_revision in (X, Y)
        and o.operation_revision != o.revision
    )
    live = [w for w in o.workloads if w.images[-1].endswith((":2.0.0", DIGEST))]
    complete = bool(live) and all(
        w.observed_generation == w.generation and w.available == w.updated == w.total == 2
        for w in live
    )
    return (
        well
        and idle
        and o.revision in (X, Y)
        and o.reconciled_at is not None
        and (o.sync == "Synced" or pending)
        and o.health == "Healthy"
        and complete
    )


def over(operation: Operation, reconciled_at: datetime | None) -> bool:
    """It is over and compared; it succeeded, or it was about an older revision."""
    good = operation.phase == "Succeeded" and operation.has_result
    older = operation.phase in ("Failed", "Error") and operation.revisions == (A,)
    ended = operation.finished_at is not None and reconciled_at is not None
    return (
        (good or older)
        and ended
        and (reconciled_at or MINUTE) > (operation.finished_at or FINISHED)
    )


@settings(max_examples=500, deadline=None)
@given(SEQUENCES)
def test_ready_is_never_said_unless_every_clause_held_for_the_settle_time(
    sequence: Sequence[tuple[Observation, int]],
) -> None:
    judge, at, since, transition = Judge(MANUAL), 0, None, None
    for reading, pause in sequence:
        at += pause
        if not holds(reading):
            since = None
        elif since is None or reading.health_since != transition:
            since, transition = at, reading.health_since
        verdict = judge(reading, at)
        if isinstance(verdict, Ready):
            assert since is not None
            assert at - since >= 10
        if not isinstance(verdict, Waiting):
            return


@settings(deadline=None)
@given(SEQUENCES)
def test_a_good_state_for_the_settle_time_is_ready_whatever_was_before(
    sequence: Sequence[tuple[Observation, int]],
) -> None:
    judge, at = Judge(MANUAL), 0
    for reading, pause in sequence:
        at += pause
        if not isinstance(judge(reading, at), Waiting):
            return
    judge(GOOD, at + 1)
    assert isinstance(judge(GOOD, at + 11), Ready)
