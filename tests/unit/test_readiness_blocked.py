"""Acceptance cases of the readiness decision: sync windows, and syncs that are in the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from slipway.readiness.observation import Block, Observation
from slipway.readiness.verdict import Blocked, Failed, Ready, Waiting
from slipway.readiness.windows import block, target
from tests.unit.readiness_objects import (
    AUTOMATED,
    BEFORE,
    DEGRADED,
    MANUAL,
    MANUAL_APP,
    NO_OP,
    OUT_OF_SYNC,
    PROGRESSING,
    START,
    STATE,
    WANTED,
    A,
    Judge,
    Object,
    X,
    app,
    failed,
    never,
    seen,
)

UNTIL = START + timedelta(hours=1)
CLOSED = Block("a deny window is open", UNTIL)
WAITS = OUT_OF_SYNC | NO_OP


def closed(changes: Object) -> Observation:
    return replace(seen(changes), block=CLOSED)


@pytest.mark.parametrize("changes", [WAITS, WAITS | MANUAL_APP, failed(A) | OUT_OF_SYNC])
def test_S20_a_sync_that_no_window_allows_is_blocked_not_failed(changes: Object) -> None:
    judge = Judge(MANUAL)
    for at in (0, 60, 3600):
        verdict = judge(closed(changes), at)
        assert verdict == Blocked("a deny window is open", UNTIL)
    assert isinstance(judge(seen(changes), 3601), Waiting)


@pytest.mark.parametrize("changes", [BEFORE, PROGRESSING, DEGRADED])
def test_S20_what_needs_no_sync_is_not_blocked(changes: Object) -> None:
    assert isinstance(Judge()(closed(changes)), Waiting)


def test_S20_a_closed_window_does_not_take_success_away() -> None:
    judge = Judge()
    judge(closed({}))
    assert isinstance(judge(closed({}), 10), Ready)


def test_S20_a_failure_is_told_in_spite_of_a_window() -> None:
    assert isinstance(Judge()(closed(failed(X) | OUT_OF_SYNC)), Failed)


def test_S20_time_that_is_blocked_does_not_count_as_grace() -> None:
    judge = Judge()
    for at in (0, 600):
        assert isinstance(judge(closed(WAITS), at), Blocked)
    verdict = judge(seen(WAITS), 601)
    assert isinstance(verdict, Waiting)
    assert verdict.ask is None


PARKED = {
    "operation": {"sync": {"revision": X}},
    f"{STATE}.phase": "Running",
    f"{STATE}.finishedAt": None,
    f"{STATE}.message": "Sync operation blocked by sync window",
}


def test_S67_a_window_that_closes_during_a_sync_blocks_it_and_it_resumes() -> None:
    judge, reading = Judge(), seen(OUT_OF_SYNC | PARKED)
    assert judge(reading) == Blocked("Sync operation blocked by sync window", None)
    assert judge(replace(reading, block=CLOSED), 900) == Blocked(CLOSED.reason, UNTIL)
    assert isinstance(judge(seen(OUT_OF_SYNC | PARKED | {f"{STATE}.message": ""}), 901), Waiting)
    judge(seen(), 910)
    assert isinstance(judge(seen(), 920), Ready)


def test_S67_a_sync_that_may_overrun_its_window_is_not_blocked() -> None:
    running = closed(OUT_OF_SYNC | PARKED | {f"{STATE}.message": "waiting for healthy state"})
    assert isinstance(Judge()(running), Waiting)


def test_S67_only_the_present_sync_is_blocked() -> None:
    over = {f"{STATE}.message": "Sync operation blocked by sync window"}
    assert seen(over).block is None


@pytest.mark.parametrize("automated", [True, False])
def test_S69_windows_of_the_project_are_judged_by_the_rule_of_the_sync(automated: bool) -> None:
    """A person may sync in this window, the engine may not."""
    window = {"kind": "deny", "schedule": "0 10 * * *", "duration": "1h", "manualSync": True}
    changes = WAITS | ({} if automated else MANUAL_APP)
    found = block([window | {"applications": ["*"]}], target(app()), START, not automated)
    verdict = Judge(MANUAL)(replace(seen(changes), block=found))
    if automated:
        assert isinstance(verdict, Blocked)
        assert verdict.until == START.replace(hour=11, minute=0)
    else:
        assert isinstance(verdict, Waiting)
        assert verdict.ask == "sync"


RETRYING = failed(A, phase="Running", retryCount=2) | OUT_OF_SYNC
RETRYING |= {"operation": {"sync": {"revision": A}}}
TERMINATE = replace(WANTED, terminate=True)


def test_S16_a_retry_of_an_older_commit_is_told_with_its_count() -> None:
    waiting = never(RETRYING)
    assert f"retry 2 of 5 of the older {A[:7]}" in waiting.reason
    assert waiting.ask is None


def test_S16_it_is_ended_where_that_is_allowed() -> None:
    assert never(RETRYING, TERMINATE).ask == "terminate"


@pytest.mark.parametrize(
    "changes",
    [
        failed(X, phase="Running", retryCount=2),  # ours
        failed("f" * 40, phase="Running", retryCount=2),  # nobody knows whose
        {f"{STATE}.retryCount": 0},  # not a retry
        {f"{STATE}.operation.retry": {"limit": 5, "refresh": True}},  # takes the newest by itself
        {f"{STATE}.phase": "Terminating"},
    ],
)
def test_S16_no_other_sync_is_ended(changes: Object) -> None:
    assert never(RETRYING | changes, TERMINATE).ask is None


def test_S56_an_automated_sync_that_does_not_start_is_started_after_a_minute() -> None:
    judge, asks = Judge(), []
    for at in (0, 59, 60, 61):
        verdict = judge(seen(WAITS), at)
        assert isinstance(verdict, Waiting)
        asks.append(verdict.ask)
    assert asks == [None, None, "sync", "sync"]
    assert seen(WAITS).auto_sync  # so that the engine names no revision


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": {"sync": {"revision": X}}},
        {"status.conditions": [{"type": "SyncError", "message": "failed last sync"}]},
        {AUTOMATED: None},
        {"status.sync.revision": A},
    ],
)
def test_S56_nothing_else_is_taken_for_a_sync_that_does_not_start(changes: Object) -> None:
    judge = Judge()
    for at in (0, 59, 120):
        verdict = judge(seen(WAITS | changes), at)
        assert isinstance(verdict, Waiting)
        assert verdict.ask != "sync"


def test_S56_a_closed_window_is_a_reason_not_to_start() -> None:
    judge = Judge()
    for at in (0, 120):
        assert isinstance(judge(closed(WAITS), at), Blocked)
