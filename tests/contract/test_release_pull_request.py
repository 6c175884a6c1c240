"""Mode `pull-request`: one pull request, kept up to date, whose merge releases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.errors import Conflict
from slipway.model import Release
from tests.contract.release_place import NAME, PACKAGE, Place, a_place

BRANCH = "slipway-release/shop/main"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        place.rules = {"mode": "pull-request"}
        place.commit("feat: gift cards")
        yield place


def pulls(place: Place) -> list[tuple[int, str]]:
    return sorted((each["number"], each["state"]) for each in place.pulls())


def tip(place: Place) -> str:
    return place.git("rev-parse", REF)


def test_a_release_is_proposed_and_nothing_is_released(place: Place) -> None:
    head = place.head()
    proposed = place.proposed()
    assert (proposed.version, proposed.number) == ("1.1.0", 1)
    assert place.head() == head
    assert place.git("tag") == "v1.0.0"
    assert place.git("rev-parse", f"{REF}^") == head
    assert place.git("show", f"{REF}:package.json") == (
        PACKAGE.replace(b'n": "1.0.0",', b'n": "1.1.0",').decode().strip()
    )
    shown = place.pull(1)
    assert shown["title"] == "chore(main): release 1.1.0"
    assert "* gift cards" in str(shown["body"])
    assert proposed.url == f"{place.server.url}/{NAME}/pull/1"


def test_R59_a_repeated_run_writes_nothing(place: Place) -> None:
    first, before = place.proposed(), tip(place)
    place.server.traffic.reset()
    assert place.proposed("another run") == first
    assert place.writes() == []
    assert tip(place) == before


def test_R60_a_new_commit_updates_the_same_pull_request(place: Place) -> None:
    place.proposed()
    place.commit("feat!: prices in cents")
    assert (place.proposed().number, place.proposed().version) == (1, "2.0.0")
    shown = place.pull(1)
    assert shown["title"] == "chore(main): release 2.0.0"
    assert "prices in cents" in str(shown["body"])
    assert place.git("rev-parse", f"{REF}^") == place.head()
    assert pulls(place) == [(1, "open")]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_R61_every_way_of_merging_releases(place: Place, method: str) -> None:
    number = place.proposed().number
    place.merge(number, method)
    merged = place.head()
    place.commit("fix: a price")
    made = place.made()
    assert (made.version, made.sha, place.tagged("v1.1.0")) == ("1.1.0", merged, merged)
    ours = ["chore(main): release 1.1.0"] if method == "merge" else []
    assert sorted(commit.subject for commit in made.commits) == [*ours, "feat: gift cards"]
    assert place.pages() == ["v1.0.0", "v1.1.0"]
    assert place.pull(2)["title"] == "chore(main): release 1.1.1"
    place.server.traffic.reset()
    assert place.proposed("another run").version == "1.1.1"
    assert place.writes() == []


def test_R61_merging_with_nothing_behind_it_ends_in_nothing_to_release(place: Place) -> None:
    place.merge(place.proposed().number, "squash")
    assert place.made().version == "1.1.0"
    place.server.traffic.reset()
    place.nothing("another run")
    assert place.writes() == []


def test_a_killed_run_finds_its_release_again(place: Place) -> None:
    place.merge(place.proposed().number, "squash")
    first = place.made("run-1")
    again = place.made("run-1")
    assert (again.sha, again.version) == (first.sha, first.version)
    place.nothing("another run")


def test_R62_a_persons_title_and_body_stay_until_the_content_changes(place: Place) -> None:
    place.proposed()
    body = f"{place.pull(1)['body']}\nWe wait for marketing."
    place.change_pull(1, title="v1.1, finally", body=body)
    place.server.traffic.reset()
    assert place.proposed().version == "1.1.0"
    assert place.writes() == []
    place.merge(1, "merge")
    assert place.made().version == "1.1.0"


def test_R62_a_body_without_our_mark_is_written_anew(place: Place) -> None:
    place.proposed()
    place.change_pull(1, title="mine", body="")
    place.proposed()
    assert place.pull(1)["title"] == "chore(main): release 1.1.0"


@pytest.mark.parametrize("subject", ["fix: on top of it", "chore(main): release 1.1.0"])
def test_R63_somebody_elses_commit_on_the_branch_is_not_overwritten(
    place: Place, subject: str
) -> None:
    place.proposed()
    theirs = place.commit(subject, {"more.txt": b"work"}, branch=BRANCH)
    place.commit("feat: more")
    with pytest.raises(Conflict, match=rf"{theirs} on {BRANCH} is not a commit of this release"):
        place.release()
    assert tip(place) == theirs


def test_R63_an_amended_commit_is_somebody_elses(place: Place) -> None:
    place.proposed()
    tree = place.git("rev-parse", f"{REF}^{{tree}}")
    parent, message = place.git("rev-parse", f"{REF}^"), place.git("log", "-1", "--format=%B", REF)
    amended = place.git(
        "-c", "user.name=Ana", "-c", "user.email=ana@example.com",
        "commit-tree", tree, "-p", parent, "-m", message,
    )  # fmt: skip
    place.git("update-ref", REF, amended)
    place.commit("feat: more")
    with pytest.raises(Conflict, match="is not a commit of this release"):
        place.release()
    assert tip(place) == amended


def test_R63_a_merged_release_is_not_held_up_by_the_next_one(place: Place) -> None:
    place.merge(place.proposed().number, "merge")
    place.commit("wip", {"more.txt": b"work"}, branch=BRANCH)
    place.commit("fix: a price")
    made = place.made()
    assert made.version == "1.1.0"
    assert [BRANCH in warning for warning in made.warnings] == [True]
    with pytest.raises(Conflict, match="is not a commit of this release"):
        place.release("another run")


def test_R64_labels_are_for_people(place: Place) -> None:
    place.rules["labels"] = ("release",)
    place.proposed()
    assert place.pull(1)["labels"] == ["release"]
    place.host.github.pulls(NAME).save({**place.pull(1), "labels": ["do not merge"]})
    place.server.traffic.reset()
    place.proposed()
    assert place.writes() == []
    place.merge(1, "squash")
    assert isinstance(place.release(), Release)


def test_R65_the_pull_request_is_closed_when_nothing_is_left(place: Place) -> None:
    place.proposed()
    place.bump("1.1.0", tag="v1.1.0")  # released by other means
    place.page("v1.1.0")
    assert "closed pull request #1" in place.nothing().reason
    assert pulls(place) == [(1, "closed")]
    place.server.traffic.reset()
    place.nothing()
    assert place.writes() == []


def test_R66_a_closed_pull_request_stays_closed_until_the_content_changes(place: Place) -> None:
    place.proposed()
    place.change_pull(1, state="closed")
    place.server.traffic.reset()
    assert "#1 for 1.1.0 was closed" in place.nothing().reason
    assert place.writes() == []
    place.commit("fix: a price")
    assert place.proposed().number == 2
    assert pulls(place) == [(1, "closed"), (2, "open")]


def test_R66_also_when_its_branch_was_deleted(place: Place) -> None:
    place.proposed()
    place.change_pull(1, state="closed")
    place.git("update-ref", "-d", REF)
    assert "was closed" in place.nothing().reason
    assert pulls(place) == [(1, "closed")]


def test_the_branch_that_was_deleted_after_a_merge_is_made_again(place: Place) -> None:
    place.merge(place.proposed().number, "merge")
    place.git("update-ref", "-d", REF)
    place.made()
    place.commit("fix: a price")
    assert place.proposed("another run").version == "1.1.1"


def test_a_second_service_has_its_own_branch_and_pull_request(place: Place) -> None:
    place.proposed()
    other = place.service.model_copy(update={"service": "cellar"})
    from slipway.release.converge import release  # noqa: PLC0415

    release(other, place.settings, "run-2")
    heads = place.git("for-each-ref", "--format=%(refname:short)", "refs/heads/slipway-release")
    assert heads.splitlines() == ["slipway-release/cellar/main", BRANCH]


def test_pre_releases_are_proposed_one_after_the_other(place: Place) -> None:
    place.rules["prerelease"] = "rc"
    place.merge(place.proposed().number, "squash")
    assert place.made().version == "1.1.0-rc.1"
    place.commit("fix: a price")
    proposed = place.proposed("run-2")
    assert proposed.version == "1.1.0-rc.2"
    del place.rules["prerelease"]
    place.commit("docs: the manual")
    assert place.proposed("run-3").version == "1.1.0"
    place.merge(proposed.number, "rebase")
    made = place.made("run-4")
    assert (made.version, made.previous) == ("1.1.0", "1.0.0")


def test_a_maintenance_branch_has_its_own_pull_request(place: Place) -> None:
    place.git("update-ref", "refs/heads/1.0.x", place.git("rev-parse", "v1.0.0^{commit}"))
    place.commit("fix: a price", branch="1.0.x")
    main = place.proposed()
    place.branch = "1.0.x"
    old = place.proposed()
    assert (main.version, old.version) == ("1.1.0", "1.0.1")
    assert main.number != old.number
    place.merge(old.number, "merge")
    assert place.made("run-2").version == "1.0.1"
    place.commit("feat: more", branch="1.0.x")
    with pytest.raises(Conflict, match=r"1\.1\.0 does not belong to branch 1\.0\.x"):
        place.release("run-3")
