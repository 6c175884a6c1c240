"""Acceptance cases of the readiness decision: what an operation means."""

from dataclasses import replace

import pytest

from slipway.readiness.observation import Stop
from slipway.readiness.verdict import Failed, Ready, Waiting
from tests.unit.readiness_objects import (
    AUTOMATED,
    BEFORE,
    MANUAL,
    MANUAL_APP,
    NO_OP,
    OUT_OF_SYNC,
    STATE,
    A,
    Judge,
    Object,
    X,
    Y,
    failed,
    never,
    seen,
    settled,
)


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": {"sync": {"revision": X}}},
        {f"{STATE}.phase": "Running"},
        {f"{STATE}.phase": "Terminating"},
        {f"{STATE}.phase": "Running", f"{STATE}.finishedAt": None},
        {f"{STATE}.finishedAt": None},
    ],
)
def test_S10_an_operation_under_way_is_not_done(changes: Object) -> None:
    never(changes)


def test_S12_an_older_promotions_operation_is_not_ours() -> None:
    older = failed(A) | OUT_OF_SYNC | MANUAL_APP
    assert never(older, MANUAL).ask == "sync"
    assert never(failed(A) | OUT_OF_SYNC).ask is None


def test_S12_a_failure_from_before_our_wait_is_started_again_when_we_start_syncs() -> None:
    changes = failed(X) | OUT_OF_SYNC | MANUAL_APP
    judge = Judge(MANUAL)
    verdict = judge(seen(changes))
    assert isinstance(verdict, Waiting)
    assert verdict.ask == "sync"
    ours = {f"{STATE}.startedAt": "2026-08-22T10:01:08Z"}
    assert isinstance(judge(seen(changes | ours), 1), Failed)


def test_S13_a_success_that_does_not_say_what_it_applied_is_not_success() -> None:
    never({f"{STATE}.syncResult": None})


@pytest.mark.parametrize("phase", ["Failed", "Error"])
@pytest.mark.parametrize("revision", [X, Y])
def test_S14_a_failed_sync_of_x_fails_at_once(phase: str, revision: str) -> None:
    broken = {"kind": "Job", "name": "migrate", "hookPhase": "Failed", "syncPhase": "PreSync"}
    changes = failed(revision, phase=phase) | {
        "status.sync.status": "OutOfSync",
        "status.sync.revision": revision,
        f"{STATE}.syncResult.resources": [broken | {"message": "BackoffLimitExceeded"}],
    }
    verdict = Judge()(seen(changes))
    assert isinstance(verdict, Failed)
    assert "one or more objects failed to apply" in verdict.reason
    assert "Job/migrate (PreSync): BackoffLimitExceeded" in verdict.reason


def test_S14_a_later_commit_gets_its_own_automated_sync_first() -> None:
    never(failed(X) | OUT_OF_SYNC | {"status.sync.revision": Y})


OLDER_SPEC = {f"{STATE}.syncResult.source.targetRevision": "release"}


def test_S14_S43_a_failed_sync_of_other_sources_is_tried_again_by_the_engine() -> None:
    """The values arrived before the chart that goes with them."""
    never(failed(X) | OLDER_SPEC | OUT_OF_SYNC)
    assert isinstance(settled(seen(failed(X) | OLDER_SPEC)), Ready)
    by_hand = failed(X) | OLDER_SPEC | OUT_OF_SYNC | MANUAL_APP
    assert never(by_hand, MANUAL).ask == "sync"


SYNC_ERROR = {"status.conditions": [{"type": "SyncError", "message": "failed last sync"}]}
LATER = {"status.reconciledAt": "2026-08-22T10:01:15Z"}


def test_S15_a_sync_error_on_x_fails_after_one_more_compare() -> None:
    judge, changes = Judge(), SYNC_ERROR | OUT_OF_SYNC | NO_OP
    first = judge(seen(changes))
    assert isinstance(first, Waiting)
    assert first.ask == "refresh"
    verdict = judge(seen(changes | LATER), 2)
    assert isinstance(verdict, Failed)
    assert "push a fix" in verdict.hint


PARTIAL = {f"{STATE}.operation.sync.resources": [{"kind": "Deployment", "name": "books-api"}]}


def test_S17_a_partial_operation_is_neither_the_sync_nor_its_failure() -> None:
    manual = OUT_OF_SYNC | MANUAL_APP | {"status.sync.revision": Y} | PARTIAL
    assert never(manual, MANUAL).ask == "sync"  # Succeeded at X, but not as a whole
    assert isinstance(Judge()(seen(failed(X) | PARTIAL)), Waiting)


@pytest.mark.parametrize("policy", [None, {"enabled": False, "prune": True}])
def test_S21_nobody_syncs_is_said_or_done(policy: Object | None) -> None:
    changes = OUT_OF_SYNC | NO_OP | {AUTOMATED: policy}
    judge = Judge()
    first, at_last = judge(seen(changes)), judge(seen(changes), 60)
    assert isinstance(first, Waiting)
    assert isinstance(at_last, Waiting)
    assert "person" not in first.reason
    assert "waiting for a person" in at_last.reason
    assert never(changes, MANUAL).ask == "sync"


def test_S21_an_automated_application_is_left_to_its_engine() -> None:
    assert never(OUT_OF_SYNC | NO_OP, MANUAL).ask is None
    assert never(OUT_OF_SYNC | NO_OP | {AUTOMATED: {}}, MANUAL).ask is None


def test_S19_the_result_is_the_state_at_fulfilment() -> None:
    """Nothing asks for a refresh while it settles: one may start the sync of a later commit."""
    judge = Judge()
    for at in (0, 5, 9):
        waiting = judge(seen(), at)
        assert isinstance(waiting, Waiting)
        assert waiting.ask is None
    verdict = judge(seen(), 10)
    assert isinstance(verdict, Ready)
    later = OUT_OF_SYNC | {"status.sync.revision": Y, "operation": {"sync": {"revision": Y}}}
    assert isinstance(judge(seen(later), 11), Waiting)
    assert (verdict.observed, verdict.healthy_since) == (X, seen().health_since)


@pytest.mark.parametrize("reconciled", ["2026-08-22T10:01:08Z", "2026-08-22T10:01:09Z"])
def test_S22_health_older_than_the_operation_does_not_count(reconciled: str) -> None:
    assert never({"status.reconciledAt": reconciled}).ask == "refresh"


def test_S22_a_later_compare_counts_without_a_refresh() -> None:
    verdict = Judge()(seen())
    assert isinstance(verdict, Waiting)
    assert verdict.ask is None


DRY_RUN = {f"{STATE}.operation.sync.dryRun": True}


def test_S38_a_dry_run_is_never_waited_for_and_never_counts() -> None:
    running = {"operation": {"sync": {"dryRun": True}}, f"{STATE}.phase": "Running"} | DRY_RUN
    for changes in (running, failed(X) | DRY_RUN):
        judge = Judge()
        judge(seen(changes))
        assert isinstance(judge(seen(changes), 10), Ready)
    manual = DRY_RUN | OUT_OF_SYNC | MANUAL_APP | {"status.sync.revision": Y}
    assert never(manual, MANUAL).ask == "sync"


Y_PENDING = OUT_OF_SYNC | MANUAL_APP | {"status.sync.revision": Y}


def test_S54_x_applied_by_hand_while_y_is_pending_is_proven_by_its_workload() -> None:
    judge = Judge(MANUAL)
    first = judge(seen(Y_PENDING))
    assert isinstance(first, Waiting)
    assert first.ask is None
    verdict = judge(seen(Y_PENDING), 10)
    assert isinstance(verdict, Ready)
    assert verdict.observed == X
    assert f"{Y[:7]} waits for a sync" in verdict.summary


@pytest.mark.parametrize(
    "changes", [{AUTOMATED: {}}, {"status.sync.revision": X}, {f"{STATE}.syncResult.revision": A}]
)
def test_S54_out_of_sync_is_otherwise_never_success(changes: Object) -> None:
    never(Y_PENDING | changes)


@pytest.mark.parametrize("revision", [X, Y])
def test_S43_S54_what_was_applied_from_other_sources_is_not_x(revision: str) -> None:
    """The application was changed after X was applied: a sync of it is still to come."""
    changes = Y_PENDING | OLDER_SPEC | {"status.sync.revision": revision}
    assert never(changes, MANUAL).ask == "sync"
    assert "waiting for a person" in never_for(changes, 60).reason


def never_for(changes: Object, seconds: float) -> Waiting:
    judge = Judge()
    judge(seen(changes))
    verdict = judge(seen(changes), seconds)
    assert isinstance(verdict, Waiting)
    return verdict


def test_S62_a_sync_error_left_over_from_before_goes_with_one_more_refresh() -> None:
    judge = Judge()
    first = judge(seen(SYNC_ERROR))
    assert isinstance(first, Waiting)
    assert first.ask == "refresh"
    judge(seen(LATER), 2)
    assert isinstance(judge(seen(LATER), 12), Ready)


def test_S63_an_old_failure_overtaken_by_a_good_state_does_not_fail() -> None:
    judge, changes = Judge(), failed(A)
    judge(seen(changes))
    assert isinstance(judge(seen(changes), 10), Ready)


HELD = "waiting behind an older commit, whose health check runs"


@pytest.mark.parametrize("changes", [{}, {"status.sync.revision": A}])
def test_S79_S80_what_is_in_progress_by_the_engines_own_rule_is_said_and_waited_for(
    changes: Object,
) -> None:
    judge, held = Judge(), replace(seen(changes), hold=HELD)
    for at in (0, 30, 600):
        verdict = judge(held, at)
        assert isinstance(verdict, Waiting)
        assert verdict.reason == HELD
    judge(seen(), 601)
    assert isinstance(judge(seen(), 611), Ready)


def test_S78_what_can_never_become_live_ends_the_wait_at_once() -> None:
    stopped = replace(seen(BEFORE), stop=Stop("the release is suspended", "resume it"))
    assert Judge()(stopped) == Failed("the release is suspended", "resume it")
