"""A version soaks: healthy the whole time, and not merely for a time."""

from datetime import timedelta

from sandbox.prefect_api import state_of
from tests.acceptance.scene_soak import Soaked
from tests.acceptance.services import SOAKED, SOAKED_LIVE


def test_a_run_that_soaks_says_since_when_and_until_when(soaked: Soaked) -> None:
    assert soaked.waiting["message"].startswith(f"{SOAKED_LIVE}: {SOAKED}: healthy since ")
    assert "; opens in " in soaked.waiting["message"]


def test_an_unhealthy_moment_begins_the_time_anew(soaked: Soaked) -> None:
    assert len(soaked.waits) > 1
    assert soaked.changed >= soaked.healthy + timedelta(seconds=45)


def test_a_run_goes_on_by_itself_when_its_version_has_soaked(soaked: Soaked) -> None:
    assert state_of(soaked.end) == f"Completed {SOAKED} 1.0.0 is proven in {SOAKED_LIVE}"
