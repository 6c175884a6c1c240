"""A change that waits in a pull request for a person: opened once, kept up to date, and found."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.clients.git import Protected
from slipway.errors import Conflict, Expired, Rejected, Superseded
from slipway.gitops import Undo
from tests.contract.pull_place import BRANCH, NAME, NOW, VALUES, Place, a_place, image

GATE = {"approvers": ["ana@example.com"]}
NEW = VALUES.replace(b"1.0.0", b'"1.1.0"')


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        place.guard()
        yield place


def test_G10_G53_a_protected_branch_gets_its_change_by_pull_request(place: Place) -> None:
    base = place.head()
    promotion = place.write(place.merge)
    [pull] = place.pulls()
    assert (pull["head"], pull["base"], pull["title"]) == (
        BRANCH, "main", "chore(production): books-api 1.1.0",
    )  # fmt: skip
    assert promotion.revision == place.head()
    assert (promotion.committed, promotion.change.base) == (True, base)
    assert promotion.url == f"{place.server.url}/{NAME}/pull/1"
    assert promotion.reason == f"pull request #1 was merged by leo as {place.head()[:10]}"
    assert place.said == [f"pull request #1 waits for a person to merge it: {promotion.url}"]
    assert place.is_one()


def test_the_branch_holds_one_commit_of_ours_on_the_base(place: Place) -> None:
    base = place.head()
    place.waits()
    assert place.git("rev-parse", f"{BRANCH}^") == base
    assert place.read(BRANCH) == NEW
    assert place.read() == VALUES
    assert "Slipway-Run: run-1" in place.git("log", "-1", "--format=%B", BRANCH).splitlines()
    made = place.head(BRANCH)
    place.host.github.ledger.remove(NAME, "pulls", place.pull()["id"])
    place.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    place.waits()
    assert place.head(BRANCH) == made  # the same input and base


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_G10_the_merged_commit_is_found_whatever_its_form(place: Place, method: str) -> None:
    def merged_and_more() -> None:
        place.merge(method)
        place.commit(b"a: 2\n", path="other.yaml")

    promotion = place.write(merged_and_more)
    assert promotion.revision == place.pull()["merge_commit_sha"]
    assert promotion.revision == place.git("rev-parse", "main^")
    again = place.write(run="run-2")
    assert (again.revision, again.committed) == (promotion.revision, False)
    assert "pull request #1 was merged by leo" in again.reason


def test_G10_an_identical_open_one_is_reused(place: Place) -> None:
    place.waits()
    place.server.traffic.reset()
    said = place.waits(run="run-2")
    assert "pull request #1 waits" in said
    assert place.writes() == []
    place.commit(b"a: 2\n", path="other.yaml")  # elsewhere: the reviews stay good
    place.waits(run="run-2")
    assert place.writes() == []


def test_G10_an_older_one_of_the_environment_is_updated(place: Place) -> None:
    place.waits()
    promotion = place.write(place.merge, version="1.2.0", run="run-2")
    [pull] = place.pulls()
    assert pull["title"] == "chore(production): books-api 1.2.0"
    assert "`1.2.0`, after `1.0.0`" in pull["body"]
    assert promotion.change.edits[0].new == "1.2.0"
    assert promotion.revision == place.head()
    assert len(place.subjects()) == 2


def test_a_base_that_changes_the_file_gets_the_branch_anew(place: Place) -> None:
    theirs = VALUES.replace(b"replicas: 2", b"replicas: 5")
    first = []

    def changed() -> None:
        first.append(place.head(BRANCH))
        place.commit(theirs)

    promotion = place.write(changed, place.merge)
    assert place.read(promotion.revision) == theirs.replace(b"1.0.0", b'"1.1.0"')
    assert place.pull()["head_sha"] != first[0]
    assert len(place.pulls()) == 1


def test_a_base_that_changes_the_value_itself_is_computed_again(place: Place) -> None:
    promotion = place.write(lambda: place.commit(VALUES.replace(b"1.0.0", b"1.0.7")), place.merge)
    assert promotion.change.edits[0].old == "1.0.7"
    assert "after `1.0.7`" in place.pull()["body"]


def test_a_branch_that_has_to_be_up_to_date_is_made_anew(place: Place) -> None:
    place.guard(up_to_date=True)
    promotion = place.write(lambda: place.commit(b"a: 2\n", path="other.yaml"), place.merge)
    assert place.git("rev-parse", f"{place.pull()['head_sha']}^") == place.git("rev-parse", "main^")
    assert promotion.revision == place.head()


def test_G10_somebody_elses_commit_on_the_branch_is_never_touched(place: Place) -> None:
    place.waits()
    theirs = place.commit(b"b: 1\n", branch=BRANCH, path="more.yaml")
    with pytest.raises(Conflict, match=f"was changed: {theirs} by Mia Torres"):
        place.write()
    assert place.head(BRANCH) == theirs


def test_somebody_elses_commit_that_was_merged_is_told(place: Place) -> None:
    def more() -> None:
        place.commit(b"b: 1\n", branch=BRANCH, path="more.yaml")
        place.merge()

    promotion = place.write(more)
    assert promotion.revision == place.head()
    assert promotion.reason.endswith(", with commits of others on its branch")
    place.commit(VALUES)
    assert "pull request #2" in place.waits(run="run-2")  # the branch is free again


def test_G10_closed_by_a_person_is_a_no(place: Place) -> None:
    with pytest.raises(Rejected, match=r"#1 for 1\.1\.0 was closed without merging") as no:
        place.write(place.close)
    assert "reopen it" in no.value.hint
    place.server.traffic.reset()
    with pytest.raises(Rejected):
        place.write(run="run-2")
    assert place.writes() == []
    place.reopen()
    assert place.write(place.merge).revision == place.head()


def test_a_closed_one_stays_a_no_when_its_branch_is_deleted(place: Place) -> None:
    place.waits()
    place.git("update-ref", "-d", f"refs/heads/{BRANCH}")  # which closes it
    with pytest.raises(Rejected, match="restore its branch") as no:
        place.write()
    assert BRANCH in str(no.value)
    assert "pull request #2" in place.waits(version="1.2.0")  # another version asks anew


def test_G10_a_no_stays_one_when_a_later_version_was_refused_too(place: Place) -> None:
    for number in range(3):
        with pytest.raises(Rejected):
            place.write(place.close, version=f"1.{number + 1}.0", run=f"run-{number}")
    place.rules = {"merge": "automatic"}
    for version in ("1.1.0", "1.2.0"):
        with pytest.raises(Rejected, match=rf"for {version} was closed".replace(".", r"\.")):
            place.write(version=version)
    assert [pull["state"] for pull in place.pulls()] == ["closed"] * 3
    place.rules = {}
    place.waits(version="1.0.5", run="run-5")  # and an open one of another version is not turned
    with pytest.raises(Rejected):
        place.write()
    assert place.read(BRANCH) == VALUES.replace(b"1.0.0", b'"1.0.5"')


def test_an_approval_after_the_closing_asks_again(place: Place) -> None:
    place.rules = {"gate": GATE}
    approval = place.approved()
    with pytest.raises(Rejected):
        place.write(place.close, approvals=(approval,))
    young = approval.model_copy(update={"at": NOW.replace(year=2099)})
    assert "pull request #2" in place.waits(approvals=(young,))


def test_G62_a_newer_run_takes_the_pull_request_over(place: Place) -> None:
    with pytest.raises(Superseded, match=r"#1 carries 1\.2\.0, newer than"):
        place.write(lambda: place.waits(version="1.2.0", run="run-2"))
    assert place.read(BRANCH) == VALUES.replace(b"1.0.0", b'"1.2.0"')


def test_G62_a_newer_version_on_the_base_supersedes(place: Place) -> None:
    with pytest.raises(Superseded, match=r"already 1\.2\.0"):
        place.write(lambda: place.commit(VALUES.replace(b"1.0.0", b"1.2.0")))


def test_another_digest_of_the_version_is_a_conflict(place: Place) -> None:
    place.waits()
    with pytest.raises(Conflict, match="with another digest"):
        place.write(digest="c")


def test_values_that_come_by_another_commit_are_success(place: Place) -> None:
    hands: list[str] = []
    promotion = place.write(lambda: hands.append(place.commit(NEW)))
    assert (promotion.revision, promotion.committed) == (hands[0], False)
    assert promotion.reason == (
        f"the values were there already, by {hands[0][:10]}; pull request #1 was closed"
    )
    assert place.pull()["state"] == "closed"
    place.commit(VALUES)
    assert "pull request #2" in place.waits(run="run-2")  # we closed it, nobody said no


def test_a_newer_proposal_stays_when_an_older_version_is_found_there(place: Place) -> None:
    place.write(place.merge)
    place.waits(version="1.2.0", run="run-2")
    assert place.write(run="run-3").reason.startswith("the values were there already, by run run-1")
    assert (place.pull()["state"], place.pull()["number"]) == ("open", 2)


def test_what_was_approved_is_what_is_merged(place: Place) -> None:
    place.rules = {"gate": GATE}
    approval = place.approved(reason="fine @everyone <b>")
    promotion = place.write(place.merge, approvals=(approval,))
    assert promotion.revision == place.head()
    assert "Approved-By: ana@example.com" in place.git("log", "-1", "--format=%B", "main^{commit}")
    place.commit(VALUES)
    with pytest.raises(Conflict, match="only with an approval"):
        place.write(run="run-2")


def test_an_approval_is_void_when_the_value_changes_meanwhile(place: Place) -> None:
    place.rules = {"gate": GATE}
    with pytest.raises(Conflict, match="no longer the one that was approved"):
        place.write(
            lambda: place.commit(VALUES.replace(b"1.0.0", b"1.0.7")), approvals=(place.approved(),)
        )


def test_a_merge_with_another_result_is_never_a_success(place: Place) -> None:
    def edited() -> None:
        place.commit(VALUES.replace(b"1.0.0", b"1.0.9"), branch=BRANCH)
        place.merge()

    with pytest.raises(Conflict, match="does not hold the values") as problem:
        place.write(edited)
    assert "merged by leo" in problem.value.message


def test_values_that_are_changed_right_after_the_merge_are_told(place: Place) -> None:
    def merged_and_reverted() -> None:
        place.merge()
        place.commit(VALUES)

    promotion = place.write(merged_and_reverted)
    assert promotion.revision == place.git("rev-parse", "main^")
    assert "changed again since" in promotion.reason


def test_a_draft_is_told_and_waited_for(place: Place) -> None:
    def draft() -> None:
        place.host.github.pulls(NAME).save({**place.pull(), "draft": True})

    assert "#1 is a draft" in place.waits(draft)


def test_nobody_merges_it_in_time(place: Place) -> None:
    place.rules = {"timeout": "1m"}
    with pytest.raises(Expired, match="not merged within 60 s"):
        place.write(*[lambda: None] * 20)
    assert place.pull()["state"] == "open"
    assert sum(place.slept) == pytest.approx(60)


def test_another_base_has_a_branch_of_its_own(place: Place) -> None:
    place.git("update-ref", "refs/heads/release/1", "main")
    place.rules = {"branch": "release/1"}
    place.waits()
    assert (place.pull()["base"], place.pull()["head"]) == ("release/1", f"{BRANCH}@release/1")


def test_G53_branches_that_may_not_be_made_are_named(place: Place) -> None:
    place.host.protect(NAME, BRANCH)
    with pytest.raises(Protected) as refusal:
        place.write()
    assert "slipway/**" in refusal.value.hint


def test_labels_are_added_once(place: Place) -> None:
    place.rules = {"labels": ["slipway", "production"]}
    place.waits()
    assert place.pull()["labels"] == ["slipway", "production"]
    place.server.traffic.reset()
    place.waits()
    assert place.writes() == []


def test_the_plan_is_the_same_as_for_commits(place: Place) -> None:
    assert place.plan().diff.splitlines()[-3:] == [
        "-  tag: 1.0.0  # release", '+  tag: "1.1.0"  # release', " replicas: 2",
    ]  # fmt: skip
    assert place.writes() == []


def test_a_rollback_waits_in_a_pull_request_that_says_so_and_needs_no_approval(
    place: Place,
) -> None:
    place.rules["gate"] = GATE
    place.commit(NEW)
    undo = Undo(image("1.1.0"), "smoke: HTTP 500")
    promotion = place.write(place.merge, version="1.0.0", digest="c", run="run-2", undo=undo)
    [pull] = place.pulls()
    assert "**This is a rollback** of 1.1.0: smoke: HTTP 500" in pull["body"]
    said = place.git("log", "-1", "--format=%B", str(pull["head_sha"]))
    assert "Slipway-Rollback-Of: 1.1.0" in said
    assert promotion.revision == place.head()
    assert place.read() == NEW.replace(b"1.1.0", b"1.0.0")


def test_a_rollback_by_pull_request_takes_nothing_newer_back(place: Place) -> None:
    place.commit(VALUES.replace(b"1.0.0", b"1.2.0"))
    with pytest.raises(Superseded, match="a newer version was delivered meanwhile"):
        place.write(version="1.0.0", run="run-2", undo=Undo(image("1.1.0"), "smoke"))
    assert place.pulls() == []
