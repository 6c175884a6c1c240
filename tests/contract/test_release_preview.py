"""R68: the next release is told exactly as it would be made, and nothing is written."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.cli import main
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


def test_R68_the_command_tells_it_and_writes_nothing(
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    feature = place.commit("feat: gift \x1b[31mcards")
    (tmp_path / "services").mkdir()
    service = place.service.model_dump_json(by_alias=True, exclude_defaults=True)
    (tmp_path / "services" / "shop.yaml").write_text(service)
    monkeypatch.setenv("SLIPWAY_SERVICES", str(tmp_path / "services"))
    monkeypatch.setenv("SLIPWAY_GITHUB_API_URL", place.settings.github_api_url)
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", place.token.value)
    assert main(["plan", "shop"]) == 0
    said = capsys.readouterr().out
    assert "shop 1.1.0, tag v1.1.0, after 1.0.0\n" in said
    assert f"  minor  {feature[:10]}  feat: gift" in said
    assert '+  "version": "1.1.0",' in said
    assert "\x1b" not in said
    assert main(["plan", "shop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["version"] == "1.1.0"
    assert place.writes() == []
    monkeypatch.setenv("SLIPWAY_SOURCE_TOKEN", "wrong")
    assert main(["plan", "shop", "--json"]) == 1
    assert "check the token" in json.loads(capsys.readouterr().out)["hint"]
