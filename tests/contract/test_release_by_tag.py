"""Mode `tag`: a pushed tag is the release; a tag that cannot be one is refused with the reason."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.errors import Conflict
from slipway.release.converge import find
from tests.contract.release_place import NAME, Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        place.rules = {"mode": "tag"}
        yield place


def test_a_pushed_tag_is_released_once(place: Place) -> None:
    feature = place.commit("feat: gift cards", tag="v1.1.0")
    refs = place.refs()
    made = place.made()
    assert (made.version, made.sha, made.previous, made.created) == (
        "1.1.0",
        feature,
        "1.0.0",
        True,
    )
    assert "* gift cards" in made.notes
    assert place.refs() == refs
    assert place.pages() == ["v1.0.0", "v1.1.0"]
    place.server.traffic.reset()
    assert "v1.1.0 is released already" in place.nothing("another run").reason
    assert place.writes() == []


def test_a_killed_run_finds_its_release_again(place: Place) -> None:
    place.commit("feat: gift cards", tag="v1.1.0")
    first = place.made("run-1")
    place.server.traffic.reset()
    assert place.made("run-1").sha == first.sha
    assert place.writes() == []


def test_the_run_stands_in_the_page_and_not_in_the_notes(place: Place) -> None:
    place.commit("feat: gift cards", tag="v1.1.0")
    made = place.made("run-1")
    page = place.host.github.ledger.release_of(NAME, "v1.1.0")
    assert page
    assert page["body"] == f"{made.notes}\n<!-- Slipway-Run: run-1 -->\n"


def test_without_a_tag_there_is_nothing(place: Place) -> None:
    place.git("tag", "-d", "v1.0.0")
    place.commit("feat: gift cards")
    assert "no tag of the form v{version}" in place.nothing().reason


def test_commits_alone_release_nothing(place: Place) -> None:
    place.commit("feat!: gift cards")
    assert "v1.0.0 is released already" in place.nothing().reason
    assert place.writes() == []


def test_a_tag_that_is_not_on_the_branch_is_refused(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    side = place.commit("feat: other", branch="side", tag="v1.1.0")
    with pytest.raises(Conflict, match=rf"tag v1\.1\.0 stands on {side}, which is not in main"):
        place.release()
    with pytest.raises(Conflict, match="is not in"):
        find(place.service, "1.1.0", place.settings)
    assert place.writes() == []


@pytest.mark.parametrize("tag", ["v1.1", "v2", "v1.1.0.1", "v1.02.0", "v1.1.0+build"])
def test_a_tag_that_is_not_semantic_is_refused(place: Place, tag: str) -> None:
    sha = place.commit("feat: gift cards", tag=tag)
    with pytest.raises(Conflict) as caught:
        place.release()
    assert f"tag {tag} on {sha} is not a semantic version" in caught.value.message
    assert "v1.2.3" in caught.value.hint
    assert place.writes() == []


def test_a_tag_lower_than_the_newest_is_refused(place: Place) -> None:
    sha = place.commit("feat: gift cards", tag="v0.9.0")
    with pytest.raises(Conflict, match=rf"tag v0\.9\.0 on {sha} is lower than v1\.0\.0"):
        place.release()
    assert place.writes() == []


def test_other_tags_are_none_of_our_business(place: Place) -> None:
    place.commit("feat: gift cards", tag="vendor-import")
    place.commit("feat: more", tag="helm-v7")
    assert "v1.0.0 is released already" in place.nothing().reason


def test_an_old_tag_below_the_newest_stays_unnoticed(place: Place) -> None:
    place.commit("fix: a price", tag="v1.0.1")
    place.page("v1.0.1")
    place.commit("feat: gift cards", tag="v1.1.0")
    place.page("v1.1.0")
    assert "v1.1.0 is released already" in place.nothing().reason


def test_a_draft_for_the_tag_is_published(place: Place) -> None:
    place.commit("feat: gift cards", tag="v1.1.0")
    place.page("v1.1.0", draft=True)
    assert place.made().version == "1.1.0"
    assert place.pages() == ["v1.0.0", "v1.1.0"]


def test_a_pre_release_is_released_where_the_service_makes_them(place: Place) -> None:
    sha = place.commit("feat: gift cards", tag="v1.1.0-rc.1")
    assert "v1.0.0 is released already" in place.nothing().reason
    place.rules["prerelease"] = "rc"
    made = place.made()
    assert (made.version, made.sha) == ("1.1.0-rc.1", sha)
    page = place.host.github.ledger.release_of(NAME, "v1.1.0-rc.1")
    assert page
    assert page["prerelease"] is True


def test_a_maintenance_branch_does_not_mind_the_tags_of_other_lines(place: Place) -> None:
    place.git("update-ref", "refs/heads/1.0.x", place.head())
    place.commit("feat!: prices in cents", tag="v2.0.0")
    fix = place.commit("fix: a price", branch="1.0.x", tag="v1.0.1")
    place.branch = "1.0.x"
    assert (place.made().version, place.tagged("v1.0.1")) == ("1.0.1", fix)
    place.branch = "main"
    place.made("another run")
