"""A run that has lost its process is found, and started again where a worker can."""

from sandbox.prefect_api import state_of
from tests.acceptance.installation import Installation
from tests.acceptance.scene_reap import Reaped
from tests.acceptance.services import LOST


def test_A52_a_run_whose_process_was_killed_is_started_again_by_the_reaper(
    reaped: Reaped, site: Installation
) -> None:
    assert reaped.crashed["type"] == "CRASHED"
    assert "1 started again" in reaped.looks[0]
    assert state_of(reaped.end) == f"Completed {LOST} 1.1.0 is proven in {LOST}"
    assert reaped.end["run_count"] == 2
    assert f"Crashed: {LOST} 1.1.0 → {LOST}" in site.told.titles(reaped.run)


def test_A51_what_was_done_before_the_kill_is_not_done_again(reaped: Reaped) -> None:
    assert reaped.effects.commits == (f"chore({LOST}): {LOST} 1.1.0",)


def test_A55_a_run_that_nobody_watches_is_marked_with_a_message(reaped: Reaped) -> None:
    assert reaped.script["state_type"] == "CRASHED"
    assert "No sign of life for" in reaped.script_states[0]


def test_A48_a_run_of_a_script_is_told_how_to_go_on(reaped: Reaped) -> None:
    assert f"prefect flow-run retry {reaped.script['id']}" in reaped.script["state"]["message"]


def test_A59_the_reaper_says_once_that_it_gives_a_run_up(reaped: Reaped) -> None:
    assert len(reaped.script_states) == 2
    assert "0 marked as crashed, 0 started again" in reaped.looks[-1]


def test_A37_A56_the_runs_that_were_suspended_meanwhile_are_not_touched(
    reaped: Reaped, site: Installation
) -> None:
    before, _ = reaped.others
    assert not [run for run in before if site.states(run, "Crashed")]
