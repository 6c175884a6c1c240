"""A few kills at fixed boundaries; `python -m tests.crash --kills 200` has the many."""

from collections.abc import Iterator

import pytest

from tests.crash.moments import PAUSE, Kill, at
from tests.crash.plays import disturbed
from tests.crash.site import Site
from tests.crash.tables import Figures

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(1200)]

BOUNDARIES = (
    ("release commit and tag", "after"),
    ("image manifest", "stored"),
    ("GitOps push to production", "after"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("crash")) as site:
        yield site


def _play(site: Site, *kills: Kill) -> None:
    """All of them happen, and each effect is there once; raises Wrong otherwise."""
    story = disturbed(site, kills, Figures())
    assert tuple(story.killed) == kills


def test_A51_the_flow_is_killed_before_and_after_results_are_stored(site: Site) -> None:
    _play(site, *(at("flow", step, side) for step, side in BOUNDARIES))


@pytest.mark.slow
def test_A54_the_api_is_away_for_30_s_in_the_middle_of_a_step(site: Site) -> None:
    _play(site, at(PAUSE, "GitOps push to staging", "during"))
