"""A run that somebody cancels stops, says what it has left, and can be retried."""

from sandbox.prefect_api import state_of
from tests.acceptance.installation import Installation
from tests.acceptance.runs import PATIENCE
from tests.acceptance.scene_cancel import Cancelled
from tests.acceptance.scene_refusal import Refusal
from tests.acceptance.services import HALTED


def test_A24_cancelling_ends_the_process_of_the_step_in_flight(cancelled: Cancelled) -> None:
    before, after = cancelled.processes
    assert before
    assert after == []


def test_A24_a_cancelled_run_says_where_it_is_told_what_is_left(cancelled: Cancelled) -> None:
    assert (cancelled.state["type"], cancelled.state["name"]) == ("CANCELLED", "Cancelled")
    assert "Retry this run to go on" in cancelled.state["message"]


def test_A24_what_is_left_is_told_for_each_environment(
    cancelled: Cancelled, site: Installation
) -> None:
    assert f"{HALTED}: commit " in cancelled.left
    assert "1.1.0 is not proven" in cancelled.left
    assert "or revert that commit to take it back" in cancelled.left
    assert "of this run is in the repository" in cancelled.said
    assert f"Cancelled: {HALTED} 1.1.0 → {HALTED}" in site.told.titles(cancelled.run)


def test_A24_a_retry_of_a_cancelled_run_goes_on_where_it_was_stopped(cancelled: Cancelled) -> None:
    assert state_of(cancelled.end) == f"Completed {HALTED} 1.1.0 is proven in {HALTED}"
    assert cancelled.end["id"] == cancelled.run
    assert cancelled.effects.commits == (f"chore({HALTED}): {HALTED} 1.1.0",)
    assert cancelled.effects_after.commits == cancelled.effects.commits


def test_A24_a_run_that_is_cancelled_while_it_waits_says_that_nothing_was_under_way(
    site: Installation, refusal: Refusal
) -> None:
    found = site.api.wait(refusal.run, lambda now: bool(now["state"]["message"]), PATIENCE)
    assert state_of(found).startswith("Cancelled Cancelled while nothing was under way")
