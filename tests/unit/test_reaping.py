"""Which runs have lost their process: only running ones that stay silent over two looks."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.reaping import (
    RESUMES,
    SILENCE,
    Seen,
    crash_message,
    is_dead,
    is_given_up,
    is_silent,
    next_message,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OTHERS = ("SCHEDULED", "PENDING", "PAUSED", "CANCELLING", "CANCELLED", "COMPLETED", "FAILED")


def seen(since: float = 600, heartbeat: float | None = None, **more: object) -> Seen:
    """Seconds ago."""
    beat = None if heartbeat is None else NOW - timedelta(seconds=heartbeat)
    known = {"run": "r", "name": "books 1.1.0", "state": "RUNNING", "state_id": "a"}
    return Seen.model_validate(
        known | {"since": NOW - timedelta(seconds=since), "heartbeat": beat} | more
    )


def after(*messages: str) -> Seen:
    return seen(state="CRASHED", history=messages)


def test_A55_a_run_without_a_sign_of_life_is_dead_after_the_window() -> None:
    lost = seen(heartbeat=71)
    assert is_dead(lost, lost, NOW, SILENCE)
    assert "No sign of life for 71 s" in crash_message(lost, NOW)
    young = seen(heartbeat=69)
    assert not is_dead(young, young, NOW, SILENCE)


def test_A57_a_slow_run_that_gives_signs_of_life_is_not_dead() -> None:
    slow = seen(since=40_000, heartbeat=31)
    assert not is_silent(slow, NOW, SILENCE)


def test_A57_a_server_that_was_away_has_heard_of_nobody_and_looks_twice() -> None:
    before, now = seen(heartbeat=500), seen(heartbeat=5)
    assert is_silent(before, NOW, SILENCE)
    assert not is_dead(before, now, NOW, SILENCE)


@pytest.mark.parametrize("change", [{"state_id": "b"}, {"run": "q"}])
def test_A58_a_run_that_has_moved_between_the_looks_is_left_alone(change: dict[str, str]) -> None:
    assert not is_dead(seen(heartbeat=90), seen(heartbeat=90, **change), NOW, SILENCE)


@given(
    state=st.sampled_from(OTHERS),
    since=st.floats(0, 1e6),
    heartbeat=st.none() | st.floats(0, 1e6),
)
def test_A37_A56_what_is_not_running_is_never_dead(
    state: str, since: float, heartbeat: float | None
) -> None:
    waiting = seen(since, heartbeat, state=state)
    assert not is_silent(waiting, NOW, SILENCE)
    assert not is_dead(waiting, waiting, NOW, SILENCE)


def test_A56_a_heartbeat_after_the_suspension_changes_nothing_a_thousand_times() -> None:
    order = random.Random(56)
    for _ in range(1000):
        suspended = order.uniform(71, 1e5)
        late = suspended - order.uniform(0, 1)  # it arrives after the state that ended it
        paused = seen(suspended, late, state="PAUSED")
        assert not is_dead(paused, paused, NOW, SILENCE)


def test_a_crashed_run_is_started_again_three_times_and_then_given_up() -> None:
    messages: list[str] = ["Flow run process exited with non-zero status code -9."]
    for number in range(RESUMES):
        again, message = next_message(after(*messages))
        assert again
        assert f"({number + 1} of {RESUMES})" in message
        messages += [message, "Flow run process exited with non-zero status code -9."]
    again, message = next_message(after(*messages))
    assert not again
    assert "lost its process 4 times" in message
    assert is_given_up(after(*messages, message))
    assert not is_given_up(after(*messages))


def test_A48_a_run_of_a_script_is_not_started_again_and_the_command_is_named() -> None:
    again, message = next_message(seen(state="CRASHED", deployed=False))
    assert not again
    assert "prefect flow-run retry r --entrypoint" in message
