"""The release step where repositories, people and other runners do what nobody expects."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.forge.repositories import Draft
from sandbox.serving import Scope
from slipway.errors import Conflict, Retryable, SlipwayError
from slipway.model import NothingToRelease, Release, ReleaseProposed
from slipway.release.converge import find, release
from tests.contract.release_place import NAME, PACKAGE, START, Place, a_place

BRANCH = "slipway-release/shop/main"
REF = f"refs/heads/{BRANCH}"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with a_place(tmp_path) as place:
        yield place


def begin(place: Place, version: str) -> None:
    """A repository that was never released, whose first commit carries the version."""
    package = PACKAGE.replace(b'n": "1.0.0",', f'n": "{version}",'.encode())
    start = place.commit("feat: all of it", {"package.json": package}, branch="fresh")
    place.git("update-ref", "refs/heads/main", start)
    place.git("tag", "-d", "v1.0.0")


def odd_commit(place: Place, head: bytes, message: bytes, author: bytes) -> None:
    """A commit as no git would write it."""
    when = int(place.clock.timestamp()) + 60
    tree, parent = place.git("rev-parse", "main^{tree}"), place.head()
    by = author + f" <ana@example.com> {when} +0000\n".encode()
    raw = f"tree {tree}\nparent {parent}\n".encode()
    raw += b"author " + by + b"committer " + by + head + b"\n" + message
    store = ("hash-object", "-t", "commit", "-w", "--stdin")
    sha = place.host.repositories.git(NAME, *store, stdin=raw).decode().strip()
    place.git("update-ref", "refs/heads/main", sha)


def quiet(place: Place) -> bool:
    """Another run writes nothing."""
    place.server.traffic.reset()
    place.release("another run")
    return place.writes() == []


# The first release


@pytest.mark.parametrize(("begun", "first"), [("1.0.0", "1.0.0"), ("0.1.0", "0.2.0")])
@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_R61_the_first_release_is_merged_once(
    place: Place, begun: str, first: str, method: str
) -> None:
    begin(place, begun)
    place.rules = {"mode": "pull-request"}
    place.merge(place.proposed().number, method)
    place.commit("fix: a price")
    made = place.made()
    assert (made.version, made.previous, made.sha) == (first, None, place.git("rev-parse", "main^"))
    assert quiet(place)


def test_a_first_release_that_would_change_nothing_is_refused(place: Place) -> None:
    begin(place, "1.0.0")
    place.rules = {"mode": "pull-request", "changelog": None}
    with pytest.raises(Conflict, match=r"package\.json hold 1\.0\.0 already"):
        place.release()
    assert place.writes() == []


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_a_file_that_the_release_makes_can_be_attached(place: Place, mode: str) -> None:
    begin(place, "0.1.0")
    place.rules = {"mode": mode, "assets": ("CHANGELOG.md",)}
    if mode == "pull-request":
        place.merge(place.proposed().number, "squash")
    assert place.made().version == "0.2.0"


# Texts


@pytest.mark.parametrize(
    ("head", "message", "author"),
    [
        (b"", b"", b"Ana"),
        (b"", b"\n\n\n", b"Ana"),
        (b"", b"fix: caf\xe9 \xff\xfe", b"Ren\xe9"),
        (b"encoding ISO-8859-1\n", b"fix: caf\xe9", b"Ren\xe9"),
        (b"encoding nonsense\n", b"fix: caf\xe9", b"Ren\xe9"),
    ],
    ids=["empty", "blank", "not UTF-8", "Latin 1", "unknown encoding"],
)
def test_X28_odd_commits_are_read(place: Place, head: bytes, message: bytes, author: bytes) -> None:
    place.commit("feat: gift cards")
    odd_commit(place, head, message, author)
    assert place.made().version == "1.1.0"
    assert quiet(place)


def test_X33_a_commit_by_our_own_name_is_shown_to_approvers(place: Place) -> None:
    name, email = place.settings.author_name, place.settings.author_email
    tree, parent = place.git("rev-parse", "main^{tree}"), place.head()
    person = ["-c", f"user.name={name}", "-c", f"user.email={email}"]
    sha = place.git(*person, "commit-tree", tree, "-p", parent, "-m", "feat: a back door")
    place.git("update-ref", "refs/heads/main", sha)
    assert [commit.sha for commit in place.made().commits] == [sha]


def test_R17_notes_and_the_mark_of_the_run_fit_together(place: Place) -> None:
    place.rules = {"mode": "tag"}
    subject = "fix: " + "x" * 830
    drafts = [Draft(f"{subject} {n}", {}, START + timedelta(minutes=n)) for n in range(1, 160)]
    place.host.repositories.write(NAME, "main", drafts)
    place.commit("docs: a page", tag="v1.0.1")
    run = "r" * 900  # longer than an entry
    assert place.made(run).version == "1.0.1"
    assert quiet(place)


def test_R17_a_huge_proposal_is_cut_after_an_entry(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    subject = "fix: " + "x" * 900
    drafts = [Draft(f"{subject} {n}", {}, START + timedelta(minutes=n)) for n in range(1, 150)]
    place.host.repositories.write(NAME, "main", drafts)
    place.proposed()
    assert f"… cut here; everything: {place.server.url}/{NAME}/commits/" in place.pull(1)["body"]
    assert quiet(place)


# People


def test_R28_a_merged_release_that_was_reverted_still_counts(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.merge(place.proposed().number, "squash")
    place.made()
    place.bump("1.0.0", subject='Revert "chore(main): release 1.1.0 (#1)"')
    place.nothing("run-2")
    place.commit("fix: a price")
    proposed = place.proposed("run-3")
    assert proposed.version == "1.1.1"
    place.merge(proposed.number, "squash")
    assert place.made("run-4").version == "1.1.1"


def test_a_release_that_was_reverted_before_its_tag_is_proposed_again(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.merge(place.proposed().number, "squash")
    place.bump("1.0.0", subject='Revert "chore(main): release 1.1.0 (#1)"')
    proposed = place.proposed()
    assert (proposed.number, proposed.version) == (2, "1.1.0")
    assert "v1.1.0" not in place.refs()


def test_another_author_in_the_settings_goes_on_with_the_proposal(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.proposed()
    author = {"author_name": "Robot", "author_email": "robot@example.com"}
    again = release(place.service, place.settings.model_copy(update=author), "run-2")
    assert isinstance(again, ReleaseProposed)
    assert again.number == 1
    assert place.git("log", "-1", "--format=%an", REF) == "Robot"


def test_a_pull_request_into_another_branch_is_not_ours(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.proposed()
    place.git("update-ref", "refs/heads/develop", "main~1")
    place.host.github.pulls(NAME).save({**place.pull(1), "base": "develop"})
    assert place.proposed().number == 2
    assert quiet(place)


@pytest.mark.parametrize("mode", ["commit", "pull-request"])
def test_R69_what_is_recorded_is_found_at_the_remote(place: Place, mode: str) -> None:
    place.rules = {"mode": mode}
    base = place.commit("feat: gift cards")
    if mode == "pull-request":
        place.merge(place.proposed().number, "squash")
    made = place.made()
    found = find(place.service, made.version, place.settings)
    assert found.model_copy(update={"created": True, "timing": made.timing}) == made
    assert made.sha == place.tagged(made.tag)
    assert f"Release-Base: {base}" in place.git("log", "-1", "--format=%B", made.sha)
    assert made.url.endswith(f"/releases/tag/{made.tag}")


# Other runners


def test_R34_runners_propose_and_release_once(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(place.proposed, ["a", "b", "c"]))) == 1
    assert len(place.pulls()) == 1
    place.merge(1, "merge")
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(place.release, ["d", "e", "f"]))
    released = [result for result in results if isinstance(result, Release)]
    assert {result.sha for result in released} == {place.tagged("v1.1.0")}
    assert place.is_finished("1.1.0")


def test_R35_runners_give_a_pushed_tag_one_page(place: Place) -> None:
    place.rules = {"mode": "tag"}
    sha = place.commit("feat: gift cards", tag="v1.1.0")
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(place.release, ["a", "b", "c"]))
    assert {result.sha for result in results if isinstance(result, Release)} == {sha}
    assert place.pages().count("v1.1.0") == 1
    assert quiet(place)


def test_R37_many_runners_of_one_repository_make_one_release(place: Place) -> None:
    place.commit("feat: gift cards")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(place.release, map(str, range(8))))
    released = {result.sha for result in results if isinstance(result, Release)}
    assert released == {place.head()} == {place.tagged("v1.1.0")}
    assert all(isinstance(result, Release | NothingToRelease) for result in results)
    assert place.is_finished("1.1.0")


def test_R36_a_merge_during_an_update_releases_what_was_merged(place: Place) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.proposed()
    place.commit("fix: a price")
    place.host.before_push = lambda _name: place.merge(1, "squash")
    place.release("run-1")
    made = place.made("run-2")
    assert (made.version, made.sha) == ("1.1.0", place.head())
    assert place.is_finished("1.1.0")


@pytest.mark.parametrize("gone", [True, False], ids=["deleted", "moved"])
def test_R34_the_release_branch_changes_between_two_looks(place: Place, gone: bool) -> None:
    place.rules = {"mode": "pull-request"}
    place.commit("feat: gift cards")
    place.proposed()
    place.commit("fix: a price")
    asked: list[str] = []

    def fetched(scope: Scope) -> bool:
        if scope["path"].endswith("git-upload-pack"):
            asked.append(scope["path"])
        return False

    place.gate.before = fetched
    place.proposed("count")
    for last in range(1, len(asked) + 1):
        place.commit(f"fix: number {last}")
        asked.clear()

        def meddle(scope: Scope, last: int = last) -> bool:
            fetched(scope)
            if len(asked) == last and place.git("for-each-ref", REF):
                place.git("update-ref", *(["-d", REF] if gone else [REF, f"{REF}^"]))
            return False

        place.gate.before = meddle
        try:
            result: object = place.release("meddled")
        except SlipwayError as problem:
            result = problem
        # A commit moved there is not ours; one that was gone between the looks comes back later.
        assert isinstance(result, ReleaseProposed | NothingToRelease | Conflict | Retryable), result
        place.gate.before = lambda _scope: False
        place.commit(f"fix: more than number {last}")
        place.git("update-ref", "-d", REF)
        place.proposed("healed")
