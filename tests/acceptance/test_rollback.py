"""A version that fails its proof is taken back, once, by a commit, and stays away."""

from sandbox.prefect_api import state_of
from tests.acceptance.installation import Installation
from tests.acceptance.scene_doubt import Doubted
from tests.acceptance.scene_rollback import RolledBackScene
from tests.acceptance.services import DOUBTED, UNDONE


def test_a_proof_that_fails_takes_the_environment_back_and_proves_that(
    rolled_back: RolledBackScene, site: Installation
) -> None:
    end = rolled_back.end
    assert (end["state_type"], end["state_name"]) == ("FAILED", "RolledBack")
    assert f"{UNDONE} runs 1.0.0 again, proven. 1.1.0 failed" in state_of(end)
    assert "500" in end["state"]["message"]
    assert f"RolledBack: {UNDONE} 1.1.0 → {UNDONE}" in site.told.titles(rolled_back.run)
    assert [(kept.version, kept.run) for kept in rolled_back.written.failures] == [
        ("1.1.0", rolled_back.run)
    ]


def test_A51_a_run_that_is_killed_while_it_goes_back_makes_one_commit_back(
    rolled_back: RolledBackScene,
) -> None:
    assert rolled_back.effects.commits == (
        f"chore({UNDONE}): {UNDONE} 1.1.0",
        f"chore({UNDONE}): {UNDONE} 1.0.0",
    )
    assert "Slipway-Rollback-Of: 1.1.0" in rolled_back.message
    assert "Slipway-Reason: " in rolled_back.message


def test_the_report_tells_the_reason_both_diffs_and_the_proof(
    rolled_back: RolledBackScene,
) -> None:
    report = rolled_back.report
    assert f"# {UNDONE}: {UNDONE} is back at 1.0.0" in report
    written, back = report.split("## What had been written")[1].split("## What the rollback wrote")
    assert '+  tag: "1.1.0"' in written
    assert '-  tag: "1.1.0"' in back
    assert "answered well 2 times in a row" in report


def test_a_retry_of_a_rolled_back_run_deploys_nothing(rolled_back: RolledBackScene) -> None:
    assert rolled_back.again["state_name"] == "RolledBack"
    assert rolled_back.effects_again.commits == rolled_back.effects.commits


def test_a_version_that_was_taken_back_is_held_until_somebody_releases_it(
    rolled_back: RolledBackScene,
) -> None:
    assert rolled_back.held["state_name"] == "Held"
    assert "1.1.0 is held there by slipway" in rolled_back.held["state"]["message"]
    [hold] = rolled_back.written.holds
    assert (hold.environment, hold.version, hold.run) == (UNDONE, "1.1.0", rolled_back.run)
    assert state_of(rolled_back.released) == f"Completed {UNDONE} 1.1.0 is proven in {UNDONE}"


def test_what_is_only_unknown_is_not_taken_back(rolled_back: RolledBackScene) -> None:
    assert rolled_back.unknown["state_name"] == "Unknown"
    assert "or run the flow rollback" in rolled_back.unknown["state"]["message"]
    assert rolled_back.effects_unknown.commits == ()
    assert len(rolled_back.closing.failures) == len(rolled_back.written.failures)


def test_a_person_takes_an_environment_back_and_the_version_is_held(
    rolled_back: RolledBackScene,
) -> None:
    assert state_of(rolled_back.by_hand) == (
        f"Completed {UNDONE} 1.0.0 is proven in {UNDONE} again; 1.1.0 is held there"
    )
    assert "Why: customers see wrong prices" in rolled_back.report_by_hand
    [hold] = rolled_back.closing.holds
    assert (hold.version, hold.reason) == ("1.1.0", "customers see wrong prices")
    newest = rolled_back.closing.proven[0]
    assert (newest.image.version, newest.run) == ("1.0.0", rolled_back.first)


def test_people_are_asked_whether_to_go_back_when_nothing_is_known(doubted: Doubted) -> None:
    assert "1.0.0" in doubted.text
    assert "HTTP 503" in doubted.text
    assert doubted.before.commits == (f"chore({DOUBTED}): {DOUBTED} 1.1.0",)


def test_what_people_decide_is_done_once_proven_and_told_with_their_reason(
    doubted: Doubted,
) -> None:
    assert doubted.end["state_name"] == "RolledBack", doubted.end["state"]
    assert f"{DOUBTED} runs 1.0.0 again, proven" in state_of(doubted.end)
    assert "ana@example.com: the shop is full" in state_of(doubted.end)
    assert doubted.effects.commits == (
        f"chore({DOUBTED}): {DOUBTED} 1.1.0",
        f"chore({DOUBTED}): {DOUBTED} 1.0.0",
    )
    assert doubted.version == "1.0.0"
    assert "the shop is full" in doubted.report
