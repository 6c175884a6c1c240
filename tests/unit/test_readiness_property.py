"""Over random sequences of readings: never Ready too early, always Ready in the end."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.readiness.observation import Observation
from slipway.readiness.verdict import Blocked, Failed, Progress, Ready, Waiting, Wanted
from tests.unit.readiness_definition import End, good_ends, grounds, holds
from tests.unit.readiness_objects import MANUAL, Judge
from tests.unit.readiness_random import GOOD, WANTS, sequences

Sequence = list[tuple[Observation, int]]
CASES: st.SearchStrategy[Any] = st.sampled_from(GOOD).flatmap(
    lambda good: st.tuples(st.just(good), sequences(good))
)


def test_the_good_states_are_good() -> None:
    assert all(holds(good, MANUAL) for good in GOOD)


@settings(max_examples=500, deadline=None)
@given(CASES, WANTS)
def test_ready_is_never_said_unless_every_clause_held_for_the_settle_time(
    case: tuple[Observation, Sequence], wanted: Wanted
) -> None:
    judge, at, since, readings = Judge(wanted), 0, None, 0
    transition: object = None
    ends: set[End] = set()
    for reading, pause in case[1]:
        at += pause
        if not holds(reading, wanted, ends):
            since = None
        elif since is None or reading.health_since != transition:
            since, transition, readings = at, reading.health_since, 0
        ends |= good_ends(reading)
        readings += 1
        verdict = judge(reading, at)
        if isinstance(verdict, Ready):
            assert since is not None
            assert at - since >= wanted.settle.total_seconds()
            assert readings >= 2
        if not isinstance(verdict, Waiting | Blocked):
            return


@settings(deadline=None)
@given(CASES, WANTS)
def test_a_good_state_for_the_settle_time_is_ready_whatever_was_before(
    case: tuple[Observation, Sequence], wanted: Wanted
) -> None:
    judge, at = Judge(wanted), 0
    for reading, pause in case[1]:
        at += pause
        if not isinstance(judge(reading, at), Waiting | Blocked):
            return
    judge(case[0], at + 1)
    assert isinstance(judge(case[0], at + 11), Ready)


@settings(max_examples=200, deadline=None)
@given(CASES, WANTS)
def test_a_failure_and_a_block_have_their_ground_in_the_reading(
    case: tuple[Observation, Sequence], wanted: Wanted
) -> None:
    judge, at = Judge(wanted), 0
    for reading, pause in case[1]:
        at += pause
        verdict = judge(reading, at)
        if isinstance(verdict, Failed):
            assert any(ground in verdict.reason for ground in grounds(reading)), verdict
            assert verdict.hint
            return
        if isinstance(verdict, Blocked):
            assert any(block or parked for block, parked in windows(reading))


def windows(reading: Observation) -> list[tuple[object, bool]]:
    """The windows that are closed for an application and its parent."""
    both = [each for each in (reading, reading.parent) if each is not None]
    return [(each.block, bool(each.operation and each.operation.parked)) for each in both]


@settings(deadline=None)
@given(CASES, WANTS)
def test_what_is_remembered_only_grows(case: tuple[Observation, Sequence], wanted: Wanted) -> None:
    judge, at, before = Judge(wanted), 0, Progress()
    for reading, pause in case[1]:
        at += pause
        verdict, after = judge(reading, at), judge.progress
        assert after.hard_refreshed >= before.hard_refreshed
        if before.sources is not None:
            assert (after.sources, after.inherited) == (before.sources, before.inherited)
        if after.state == before.state and after.since != before.since:
            assert before.since is None
        if before.since is not None and after.since is not None:
            assert after.since >= before.since
        if not isinstance(verdict, Waiting | Blocked):
            return
        assert {*before.ended} <= {*after.ended}
        same = after.state == before.state
        assert after.readings == (before.readings + 1 if same else 1)
        assert (after.state == ("blocked",)) == isinstance(verdict, Blocked)
        before = after
