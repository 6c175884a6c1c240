"""The newest version wins: an older one that waits is superseded, whatever anybody approves."""

from sandbox.prefect_api import state_of
from tests.acceptance.installation import Installation
from tests.acceptance.scene_race import Race
from tests.acceptance.services import PLAIN


def test_A17_a_newer_version_at_the_gate_supersedes_the_older_one(
    race: Race, site: Installation
) -> None:
    state = race.older_state
    assert (state["type"], state["name"]) == ("CANCELLED", "Superseded")
    assert f"race 1.1.0 has come there, by run {race.newer}" in state["message"]
    assert race.effects.commits == ()
    assert "Superseded: race 1.0.0 → production" in site.told.titles(race.older)


def test_A17_A19_a_superseded_run_cannot_be_approved_any_more(race: Race) -> None:
    assert race.reply["status"] in ("ABORT", "REJECT")
    assert race.newer_waits["name"] == "Suspended"


def test_A18_a_version_that_was_overtaken_in_production_is_not_promoted(race: Race) -> None:
    assert race.late["state_name"] == "Superseded"
    assert "newer than 1.0.0" in race.late["state"]["message"]
    assert race.late_effects.commits == ()


def test_what_cannot_be_shown_at_github_stops_nothing(site: Installation, race: Race) -> None:
    assert site.said(race.other["id"], "could not show it at GitHub")
    assert race.other["state_name"] == "Completed"


def test_A62_another_service_does_not_wait_for_a_suspended_run(race: Race) -> None:
    assert state_of(race.other) == f"Completed {PLAIN} 1.0.0 is proven in {PLAIN}"
