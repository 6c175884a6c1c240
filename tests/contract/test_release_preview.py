"""R68: the next release is told exactly as it would be made, and nothing is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.errors import Conflict
from slipway.model import NothingToRelease, PlannedRelease
from slipway.release.preview import preview
from tests.contract.release_place import Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def told(place: Place) -> PlannedRelease:
    planned = preview(place.service, place.settings)
    assert isinstance(planned, PlannedRelease), planned
    assert place.writes() == []
    return planned


def test_R68_a_plan_is_what_the_release_becomes(place: Place) -> None:
    docs, feature = place.commit("docs: a page"), place.commit("feat(cart): gift cards")
    planned = told(place)
    assert (planned.version, planned.tag, planned.base) == ("1.1.0", "v1.1.0", feature)
    assert [(c.sha, c.kind, c.summary, c.level) for c in planned.commits] == [
        (feature, "feat", "gift cards", "minor"),
        (docs, "docs", "a page", "none"),
    ]
    assert '-  "version": "1.0.0",\n+  "version": "1.1.0",\n' in planned.diff
    assert "+* **cart:** gift cards" in planned.diff
    made = place.made()
    assert (made.version, made.tag, made.previous) == (planned.version, planned.tag, "1.0.0")
    assert made.notes == planned.notes


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_R68_a_release_that_was_begun_is_told(place: Place, mode: str) -> None:
    place.rules["mode"] = mode
    place.commit("feat: gift cards")
    sha = place.bump("1.1.0")
    planned = told(place)
    assert (planned.version, planned.base, planned.diff) == ("1.1.0", sha, "")
    assert "tags this commit" in planned.how


def test_R68_a_pushed_tag_is_told(place: Place) -> None:
    place.rules["mode"] = "tag"
    sha = place.commit("feat: gift cards", tag="v1.1.0")
    assert (told(place).version, told(place).base) == ("1.1.0", sha)
    place.release()
    assert isinstance(preview(place.service, place.settings), NothingToRelease)


@pytest.mark.parametrize("mode", ["commit", "pull-request", "tag"])
def test_R68_nothing_to_release_says_why(place: Place, mode: str) -> None:
    place.rules["mode"] = mode
    place.commit("docs: a page")
    nothing = preview(place.service, place.settings)
    assert isinstance(nothing, NothingToRelease)
    assert "v1.0.0" in nothing.reason
    assert place.writes() == []


def test_R68_what_the_release_would_refuse_is_refused(place: Place) -> None:
    place.commit("feat: gift cards", tag="v1.0.1")
    with pytest.raises(Conflict, match=r"tag v1\.0\.1 .* says 1\.0\.0"):
        preview(place.service, place.settings)
