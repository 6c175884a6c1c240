"""Random readings for the readiness tests: good states, and near misses of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from slipway.readiness.observation import (
    Block,
    Condition,
    Observation,
    Operation,
    Pin,
    Ran,
    Resource,
    Stop,
    Tag,
)
from tests.unit.readiness_objects import (
    CHART,
    CHART_DIGEST,
    DIGEST,
    MANUAL,
    A,
    X,
    Y,
    Z,
    deployment,
    recorded,
    seen,
)

MINUTE = datetime(2026, 8, 22, 10, 1, tzinfo=UTC)
FINISHED = MINUTE + timedelta(seconds=9)
IMAGE = "ghcr.io/parraletz/books-api:2.0.0"
ERRORS = ("ComparisonError", "InvalidSpecError", "UnknownError", "HydrationError", "SyncError")
OLD = "ghcr.io/parraletz/books-api:1.9.0"
JOB = "Job/books-migrate"
NO_PODS = {"replicas": 0, "total": 0, "updated": 0, "available": 0}

SINGLE = seen()
assert SINGLE.operation is not None
SYNC: Operation = SINGLE.operation


def shaped(revisions: tuple[str, ...], **fields: Any) -> Observation:
    """The good state with other sources."""
    sync = replace(SYNC, revisions=revisions, of_spec=True)
    return replace(SINGLE, sources=len(revisions), revisions=revisions, operation=sync, **fields)


TAGGED = (Tag(0, CHART),)
GOOD = (
    SINGLE,
    shaped((CHART_DIGEST, X), index=1, tags=TAGGED),
    shaped((X, X), index=0, others=(1,)),
    shaped(("1.2.3", X), index=1, pins=(Pin(0, "1.2.3"),)),
    shaped((CHART_DIGEST,), index=-1, tags=TAGGED, parent=SINGLE, spec_values=("2.0.0",)),
)

REVISIONS = st.sampled_from([X, X, Y, Y, A, Z, "main", "", CHART_DIGEST, "1.2.3"])
LIVE = st.sampled_from(
    [
        seen(live=[deployment(image, **status)]).workloads
        for image in (IMAGE, OLD)
        for status in ({}, {"availableReplicas": 1}, {"observedGeneration": 5})
    ]
    + [
        (),
        seen(live=[recorded("cron-job")]).workloads,
        seen(live=[deployment(f"mirror.example/books@{DIGEST}")]).workloads,
        seen(live=[deployment(IMAGE)], tree="tree-image-pull").workloads,
        seen(live=[deployment(IMAGE, replicas=3, updatedReplicas=1)]).workloads,
        (*SINGLE.workloads, replace(SINGLE.workloads[0], name="worker", **NO_PODS)),
        tuple(replace(each, images=(IMAGE, OLD)) for each in SINGLE.workloads),
    ]
)
RESOURCES = st.lists(
    st.builds(
        Resource,
        st.sampled_from(["Deployment", "Job", "ScaledObject"]),
        st.just("books-migrate"),
        st.sampled_from(["Healthy", "Degraded", "Missing", "Progressing", ""]),
    ),
    max_size=3,
).map(tuple)


RAN = st.builds(
    Ran,
    st.sampled_from([JOB, JOB, "CronJob/books-report"]),
    st.sampled_from([(), (IMAGE,), (OLD,)]),
    st.booleans(),
)


def operations(revisions: Sequence[str]) -> st.SearchStrategy[Operation | None]:
    changed = st.tuples(*(st.just(revision) | REVISIONS for revision in revisions))
    phases = ["Succeeded", "Succeeded", "Running", "Terminating", "Failed", "Error"]
    return st.none() | st.builds(
        replace,
        st.just(SYNC),
        phase=st.sampled_from(phases),
        revisions=changed,
        finished_at=st.sampled_from([FINISHED, FINISHED, None]),
        started_at=st.sampled_from([MINUTE, MINUTE + timedelta(seconds=30)]),
        dry_run=st.booleans(),
        partial=st.booleans(),
        has_result=st.booleans(),
        of_spec=st.booleans(),
        retry_count=st.integers(0, 2),
        parked=st.booleans(),
        ran=st.just(()) | st.tuples(RAN),
    )


def fields(good: Observation) -> dict[str, st.SearchStrategy[Any]]:
    """What may be otherwise than in the good state."""
    states = ["Healthy", "Progressing", "Degraded", "Suspended", "Missing", ""]
    complaint = st.sampled_from(ERRORS).map(lambda error: (Condition(error, "it is said"),))
    changed = st.tuples(*(st.just(revision) | REVISIONS for revision in good.revisions))
    found: dict[str, st.SearchStrategy[Any]] = {
        "revisions": changed | st.just(()),
        "compared_to_spec": st.booleans(),
        "sync": st.sampled_from(["Synced", "OutOfSync", "OutOfSync", "Unknown", ""]),
        "health": st.sampled_from(states),
        "health_since": st.sampled_from([None, MINUTE, MINUTE + timedelta(seconds=34)]),
        "reconciled_at": st.sampled_from(
            [None, *(FINISHED + timedelta(seconds=s) for s in (-1, 0, 1))]
        ),
        "operation_requested": st.booleans(),
        "operation": operations(good.revisions),
        "conditions": complaint,
        "deleting": st.booleans(),
        "skip_reconcile": st.booleans(),
        "auto_sync": st.booleans(),
        "has_parent": st.booleans(),
        "workloads": LIVE,
        "out_of_sync": st.sampled_from([(), (JOB,), (JOB, "Deployment/books-api")]),
        "resources": RESOURCES,
        "stop": st.just(Stop("it is suspended", "resume it")),
        "block": st.just(Block("a window is closed")),
        "hold": st.just("waiting behind an older commit"),
        "health_proven": st.just(False),
        "reads": st.sampled_from([None, ()]),
        "spec_values": st.sampled_from([(), ("1.9.0", "12.0.0"), ("v2.0.0",)]),
    }
    if good.parent is not None:
        found["parent"] = readings(good.parent)
    return found


def readings(good: Observation) -> st.SearchStrategy[Observation]:
    """The good state with a few fields replaced: near misses are what a rule gets wrong."""
    possible = fields(good)

    @st.composite
    def drawn(draw: st.DrawFn) -> Observation:
        names = draw(st.lists(st.sampled_from(sorted(possible)), max_size=3, unique=True))
        changes: dict[str, Any] = {name: draw(possible[name]) for name in names}
        return replace(good, **changes)

    return drawn()


def sequences(good: Observation) -> st.SearchStrategy[list[tuple[Observation, int]]]:
    """Readings and the seconds before each. Most states are looked at twice: only one that stays
    can be taken for a settled one."""
    step = st.tuples(st.just(good) | readings(good), st.integers(1, 35), st.integers(1, 3))
    return st.lists(step, max_size=7).map(
        lambda steps: [(seen, pause) for seen, pause, times in steps for _ in range(times)]
    )


WANTS = st.builds(
    replace,
    st.just(MANUAL),
    start=st.booleans(),
    terminate=st.booleans(),
    accept_suspended=st.booleans(),
    jobs=st.booleans(),
    settle=st.sampled_from([timedelta(seconds=10), timedelta(seconds=10), timedelta()]),
)
