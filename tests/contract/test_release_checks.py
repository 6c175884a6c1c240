"""The CI gate inside the release step: what is not green is not released, in every mode."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.errors import Final
from tests.contract.release_place import NAME, Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        place.rules = {"checks": ("CI",), "checks_timeout": "0s"}
        yield place


def test_R57_a_red_commit_is_not_released(place: Place) -> None:
    head = place.commit("feat: gift cards")
    place.host.check(NAME, head, "CI", "failure")
    with pytest.raises(Final, match="CI"):
        place.release()
    assert place.writes() == []


def test_R56_a_commit_without_checks_is_not_green(place: Place) -> None:
    place.commit("feat: gift cards")
    with pytest.raises(Final, match="CI"):
        place.release()
    assert place.writes() == []


def test_a_green_commit_is_released(place: Place) -> None:
    head = place.commit("feat: gift cards")
    place.host.check(NAME, head, "CI", "success")
    assert place.made().version == "1.1.0"


def test_a_proposal_waits_for_nothing_and_the_merged_commit_for_its_checks(place: Place) -> None:
    place.rules["mode"] = "pull-request"
    place.commit("feat: gift cards")
    place.merge(place.proposed().number, "squash")
    place.server.traffic.reset()
    with pytest.raises(Final, match="CI"):
        place.release()
    assert place.writes() == []
    place.host.check(NAME, place.head(), "CI", "success")
    assert place.made().version == "1.1.0"


def test_a_pushed_tag_waits_for_the_checks_of_its_commit(place: Place) -> None:
    place.rules["mode"] = "tag"
    head = place.commit("feat: gift cards", tag="v1.1.0")
    place.commit("docs: later")
    with pytest.raises(Final, match="CI"):
        place.release()
    assert place.pages() == ["v1.0.0"]
    place.host.check(NAME, head, "CI", "success")
    assert place.made().version == "1.1.0"
