"""What a cancelled run has left, as the repository and the engine show it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway import gitops
from slipway.left import sentence
from slipway.survey import survey
from tests.proof.place import Place, a_place

RUN = "1f2e3d4c-run"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with a_place(tmp_path_factory.mktemp("survey"), 5) as ready:
        yield ready


@pytest.fixture(scope="module")
def revision(place: Place) -> str:
    """The run's commit in production, which nobody has synced."""
    service = place.services["books"]
    promotion = gitops.write(
        service, service.environment("production"), place.next_image(broken=False), place.settings,
        run=RUN, began=datetime.now(UTC), approvals=(),
    )  # fmt: skip
    return promotion.revision


def test_A24_the_commit_of_the_run_is_found_in_its_environment(place: Place, revision: str) -> None:
    found = {
        each.environment: each for each in survey(place.services["books"], RUN, place.settings)
    }
    assert found["production"].commit == revision
    assert not found["production"].proven
    assert found["staging"].commit == ""
    assert "this run wrote nothing" in sentence(found["staging"])


def test_A24_another_run_has_left_nothing(place: Place, revision: str) -> None:
    assert {each.commit for each in survey(place.services["books"], "other", place.settings)} == {
        ""
    }


def test_A24_an_engine_that_is_away_does_not_hide_the_commit(place: Place, revision: str) -> None:
    place.api.down.set()
    try:
        found = survey(place.services["books"], RUN, place.settings)
    finally:
        place.api.down.clear()
    [left] = [each for each in found if each.environment == "production"]
    assert left.commit == revision
    assert "is not proven (unknown: " in sentence(left)


def test_A24_looking_changes_nothing(place: Place, revision: str, tmp_path: Path) -> None:
    head = place.repository.head()
    before = place.argocd.counts("production")
    survey(place.services["books"], RUN, place.settings)
    assert (place.repository.head(), place.argocd.counts("production")) == (head, before)
