"""The release step converges from every half-done state and every point it is killed at."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault, Scope
from slipway.errors import Conflict, InvalidInput, Retryable
from tests.contract.killing import child, killed_at, request
from tests.contract.release_place import NAME, Place, a_place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def test_R21_a_release_commit_without_a_tag_is_finished(place: Place) -> None:
    place.commit("feat: gift cards")
    sha = place.bump("1.1.0")
    made = place.made()
    assert (made.sha, made.version, made.created, place.head()) == (sha, "1.1.0", True, sha)
    assert place.is_finished("1.1.0")


def test_R22_the_tag_lands_on_the_release_commit_not_on_a_later_fix(place: Place) -> None:
    place.commit("feat: gift cards")
    sha = place.bump("1.1.0")
    fix = place.commit("fix: a price")
    made = place.made()
    assert place.tagged("v1.1.0") == sha
    assert (made.version, [commit.sha for commit in made.commits]) == ("1.1.1", [fix])
    assert place.pages() == ["v1.0.0", "v1.1.0", "v1.1.1"]
    assert place.is_finished("1.1.1")


def test_R23_a_missing_page_is_made_with_the_notes_of_that_version(place: Place) -> None:
    place.commit("feat: gift cards")
    place.bump("1.1.0", tag="v1.1.0")
    place.commit("docs: a page")
    made = place.made()
    assert (made.version, made.created) == ("1.1.0", True)
    assert "gift cards" in made.notes
    assert place.is_finished("1.1.0")


def test_R24_a_finished_release_is_not_written_again(place: Place) -> None:
    place.commit("feat: gift cards")
    place.made()
    assert place.is_finished("1.1.0")


@pytest.mark.parametrize("tag", ["v1.0.1", "v10.0.0"])
def test_R25_a_stray_tag_is_refused(place: Place, tag: str) -> None:
    stray = place.commit("feat: gift cards", tag=tag)
    refs = place.refs()
    with pytest.raises(Conflict, match=rf"tag {tag} .*{stray}.*package\.json says 1\.0\.0"):
        place.release()
    assert (place.refs(), place.writes()) == (refs, [])


def test_R26_the_version_exists_outside_the_branch(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    side = place.commit("chore: other", branch="side", tag="v1.1.0")
    place.commit("feat: gift cards")
    with pytest.raises(Conflict, match=rf"tag v1\.1\.0 stands on {side}, which is not in main"):
        place.release()
    assert place.writes() == []


def test_R27_a_version_does_not_go_backwards(place: Place) -> None:
    place.git("update-ref", "refs/heads/side", place.head())
    place.commit("chore: other", branch="side", tag="v3.0.0")
    place.commit("feat: gift cards")
    with pytest.raises(Conflict, match=r"1\.1\.0 would go backwards: tag v3\.0\.0"):
        place.release()
    assert place.writes() == []


def test_R28_a_reverted_release_still_counts(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")
    place.page("v1.1.0")
    place.bump("1.0.0", subject='Revert "chore(main): release 1.1.0"')
    place.commit("fix: a price")
    assert place.made().version == "1.1.1"
    assert place.is_finished("1.1.1")


def test_R29_a_draft_is_published_not_doubled(place: Place) -> None:
    place.bump("1.1.0", tag="v1.1.0")
    place.page("v1.1.0", draft=True)
    made = place.made()
    assert made.url.endswith("/releases/tag/v1.1.0")
    assert place.pages() == ["v1.0.0", "v1.1.0"]
    assert place.is_finished("1.1.0")


_CHILD = """
import json, sys
from slipway.release.converge import release
from slipway.service import Service
from slipway.settings import load
result = release(Service.model_validate_json(sys.argv[1]), load(), sys.argv[2])
print(result.model_dump_json())
"""


def _start(place: Place, run: str) -> "subprocess.Popen[str]":
    environment = {
        "SLIPWAY_GITHUB_API_URL": place.settings.github_api_url,
        "SLIPWAY_SOURCE_TOKEN": place.token.value,
    }
    return child(_CHILD, [place.service.model_dump_json(by_alias=True), run], environment)


def _killed(place: Place, moment: str, when: Callable[[Scope], bool], run: str) -> None:
    killed_at(place.gate, moment, when, lambda: _start(place, run))


_POINTS = {
    "with everything built, before the push": ("before", request("POST", "git-receive-pack")),
    "after the push": ("after", request("POST", "git-receive-pack")),
    "before the page": ("before", request("POST", "/releases")),
    "after the page": ("after", request("POST", "/releases")),
}


@pytest.mark.parametrize("point", _POINTS)
def test_R30_R31_R32_a_killed_run_is_completed_and_reports_its_release(
    place: Place, point: str
) -> None:
    base = place.commit("feat: gift cards")
    _killed(place, *_POINTS[point], run="run-1")
    pushed = place.head() != base
    assert pushed == ("v1.1.0" in place.refs()), "branch and tag arrive together"
    made = place.made("run-1")
    assert (made.version, made.created) == ("1.1.0", True)
    assert made.sha == place.head() == place.tagged("v1.1.0")
    assert place.is_finished("1.1.0")


_ASSETS = {"assets": ("package.json", "CHANGELOG.md")}
_PAGE_POINTS = {
    f"{moment} the {name}": (moment, request(method, part))
    for name, method, part in (
        ("draft", "POST", "/releases"),
        ("first asset", "POST", "/assets"),
        ("publication", "PATCH", "/releases/"),
    )
    for moment in ("before", "after")
}


@pytest.mark.parametrize("point", _PAGE_POINTS)
def test_R30_a_page_with_assets_is_completed_before_it_is_published(
    place: Place, point: str
) -> None:
    place.rules = _ASSETS
    place.commit("feat: gift cards")
    _killed(place, *_PAGE_POINTS[point], run="run-1")
    made = place.made("run-1")
    assert (made.version, made.sha) == ("1.1.0", place.tagged("v1.1.0"))
    [page] = [e for e in place.host.github.ledger.releases(NAME) if e["tag_name"] == "v1.1.0"]
    files = place.host.github.ledger.entries(NAME, "assets")
    names = sorted(file["name"] for file in files if file["state"] == "uploaded")
    assert (page["draft"], names) == (False, ["CHANGELOG.md", "package.json"])
    assert place.is_finished("1.1.0")


def test_a_missing_asset_is_told_before_anything_is_written(place: Place) -> None:
    place.rules = {"assets": ("manual.pdf",)}
    place.commit("feat: gift cards")
    with pytest.raises(InvalidInput, match=r"release\.assets: manual\.pdf is not in"):
        place.release()
    assert place.writes() == []


_PROPOSAL_POINTS = {
    f"{moment} the {name}": (moment, request("POST", part))
    for name, part in (("branch", "git-receive-pack"), ("pull request", "/pulls"))
    for moment in ("before", "after")
}


@pytest.mark.parametrize("point", _PROPOSAL_POINTS)
def test_R30_a_killed_proposal_is_completed(place: Place, point: str) -> None:
    place.rules = {"mode": "pull-request"}
    base = place.commit("feat: gift cards")
    _killed(place, *_PROPOSAL_POINTS[point], run="run-1")
    proposed = place.proposed("run-1")
    assert (proposed.version, proposed.number, place.head()) == ("1.1.0", 1, base)
    place.server.traffic.reset()
    assert place.proposed("run-2") == proposed
    assert place.writes() == []
    assert len(place.pulls()) == 1


@pytest.mark.parametrize("point", [*list(_POINTS)[1:]])
def test_R30_a_killed_run_after_the_merge_is_completed(place: Place, point: str) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.merge(place.proposed().number, "squash")
    merged = place.head()
    _killed(place, *_POINTS[point], run="run-1")
    made = place.made("run-1")
    assert (made.version, made.sha, made.created) == ("1.1.0", merged, True)
    assert place.is_finished("1.1.0")


@pytest.mark.parametrize("point", [point for point in _POINTS if "page" in point])
def test_R30_a_killed_run_for_a_pushed_tag_is_completed(place: Place, point: str) -> None:
    place.rules = {"mode": "tag"}
    feature = place.commit("feat: gift cards", tag="v1.1.0")
    _killed(place, *_POINTS[point], run="run-1")
    made = place.made("run-1")
    assert (made.version, made.sha) == ("1.1.0", feature)
    place.server.traffic.reset()
    place.nothing("run-2")
    assert (place.writes(), place.pages()) == ([], ["v1.0.0", "v1.1.0"])


def test_R31_a_run_reports_its_release_whatever_came_after(place: Place) -> None:
    place.commit("feat: gift cards")
    made = place.made("run-1")
    place.commit("fix: a price")
    place.server.traffic.reset()
    again = place.made("run-1")
    assert again.model_copy(update={"timing": made.timing}) == made
    assert place.writes() == []
    assert place.made("run-2").version == "1.1.1"


def test_R19_R20_what_was_not_pushed_leaves_no_trace(place: Place) -> None:
    place.commit("feat: gift cards")
    place.server.traffic.faults.append(Fault(path="git-receive-pack", status=503))
    with pytest.raises(Retryable):
        place.release()
    assert place.made().version == "1.1.0"
    assert place.is_finished("1.1.0")
