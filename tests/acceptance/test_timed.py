"""A run waits for a window without a process, and goes on by itself."""

from sandbox.prefect_api import state_of
from tests.acceptance.scene_timed import Timed
from tests.acceptance.services import TIMED


def test_a_run_that_waits_for_a_window_says_when_it_opens(timed: Timed) -> None:
    assert timed.waiting["type"] == "SCHEDULED"
    assert timed.waiting["message"].startswith(f"{TIMED}: outside of ")
    assert "; opens in " in timed.waiting["message"]
    assert "opens in" in timed.shown
    assert timed.before.commits == ()


def test_A01_a_run_that_waits_for_a_window_has_no_process(timed: Timed) -> None:
    assert timed.processes == []


def test_a_run_goes_on_by_itself_when_the_window_opens(timed: Timed) -> None:
    assert state_of(timed.end) == f"Completed {TIMED} 1.0.0 is proven in {TIMED}"
    assert timed.written >= timed.opens


def test_an_urgent_promotion_does_not_wait(timed: Timed) -> None:
    assert timed.urgent["state_name"] == "Completed"
    assert "urgent" in timed.urgent["tags"]
    assert timed.urgent["run_count"] == 1
