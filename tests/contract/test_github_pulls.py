"""Pull requests: Slipway's client against the forge's stand-in."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.forge import pull_routes
from sandbox.forge.ledger import Entry
from sandbox.forge.wire import Visit
from slipway.clients.github import GitHub, Pull
from slipway.errors import Final, Retryable, Unauthorized
from tests.contract.forge_place import BRANCH, NAME, READER, Forge, a_forge


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


@pytest.fixture
def github(forge: Forge) -> Iterator[GitHub]:
    with forge.client() as github:
        yield github


@pytest.fixture
def pull(forge: Forge, github: GitHub) -> Pull:
    pull = github.create_pull(BRANCH, "main", "chore(main): release 1.1.0", "notes")
    forge.server.traffic.reset()
    return pull


def test_a_pull_request_is_opened_and_found(forge: Forge, github: GitHub, pull: Pull) -> None:
    assert pull == Pull(
        number=1,
        html_url=f"{forge.server.url}/{NAME}/pull/1",
        title="chore(main): release 1.1.0",
        body="notes",
        open=True,
        merged=False,
        head_sha=forge.head(BRANCH),
    )
    assert github.open_pull(BRANCH, "main") == pull
    assert github.newest_pull(BRANCH, "main") == pull
    assert github.open_pull("main", BRANCH) is None
    assert github.newest_pull("other", "main") is None
    assert forge.writes() == []


def test_R67_one_that_exists_already_is_used_as_it_is(
    forge: Forge, github: GitHub, pull: Pull
) -> None:
    assert github.create_pull(BRANCH, "main", "another title", "another body") == pull
    assert len(forge.call("GET", "/pulls?state=all").json()) == 1


def test_R67_two_runners_open_one(forge: Forge) -> None:
    def create(_runner: int) -> Pull:
        with forge.client() as github:
            return github.create_pull(BRANCH, "main", "title", "body")

    with ThreadPoolExecutor(3) as pool:
        numbers = {pull.number for pull in pool.map(create, range(3))}
    assert numbers == {1}


def test_R67_one_whose_answer_was_lost_is_found(forge: Forge, github: GitHub) -> None:
    forge.lose_answer("POST", "/pulls")
    with pytest.raises(Retryable):
        github.create_pull(BRANCH, "main", "title", "")
    found = github.create_pull(BRANCH, "main", "title", "")
    assert (found.number, found.body) == (1, "")


def test_nothing_to_merge_is_final(forge: Forge, github: GitHub) -> None:
    forge.branch("empty")
    with pytest.raises(Final, match="No commits between main and empty") as caught:
        github.create_pull("empty", "main", "title", "")
    assert "push a commit to empty" in caught.value.hint


def test_another_refusal_is_final_with_its_words(github: GitHub) -> None:
    with pytest.raises(Final, match=r"body is too long \(maximum is 65536 characters\)"):
        github.create_pull(BRANCH, "main", "title", "x" * 65_537)
    with pytest.raises(Final, match="Validation Failed"):
        github.create_pull("nowhere", "main", "title", "")


def test_R60_title_and_body_change_in_place(forge: Forge, github: GitHub, pull: Pull) -> None:
    moved = forge.commit(BRANCH, "third")
    changed = github.change_pull(pull, title="chore(main): release 1.2.0", body="more")
    assert changed.number == pull.number
    assert (changed.title, changed.body, changed.head_sha) == (
        "chore(main): release 1.2.0",
        "more",
        moved,
    )
    assert forge.writes() == ["PATCH /pulls/1"]


def test_R65_it_is_closed(github: GitHub, pull: Pull) -> None:
    closed = github.close_pull(pull)
    assert (closed.open, closed.merged) == (False, False)
    assert github.open_pull(BRANCH, "main") is None
    assert github.newest_pull(BRANCH, "main") == closed


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_R61_a_merged_one_says_so(forge: Forge, github: GitHub, pull: Pull, method: str) -> None:
    forge.host.merge(NAME, pull.number, method)
    newest = github.newest_pull(BRANCH, "main")
    assert newest
    assert (newest.open, newest.merged, newest.head_sha) == (False, True, pull.head_sha)


def test_the_newest_one_counts(forge: Forge, github: GitHub, pull: Pull) -> None:
    github.close_pull(pull)
    forge.commit(BRANCH, "third")
    second = github.create_pull(BRANCH, "main", "again", "")
    assert second.number == 2
    assert github.newest_pull(BRANCH, "main") == second
    github.close_pull(second)
    newest = github.newest_pull(BRANCH, "main")
    assert newest
    assert newest.number == 2


def test_R64_labels_are_only_added(forge: Forge, github: GitHub, pull: Pull) -> None:
    github.label(pull, ("autorelease", "bot"))
    forge.call("POST", "/issues/1/labels", {"labels": ["a person's"]})
    labelled = github.open_pull(BRANCH, "main")
    assert labelled
    assert labelled.labels == ("autorelease", "bot", "a person's")
    forge.server.traffic.reset()
    github.label(labelled, ("bot",))
    github.label(labelled, ())
    assert forge.writes() == []


def test_a_branch_with_a_slash_and_a_long_list(forge: Forge, github: GitHub) -> None:
    """GitHub would list every pull request for a head that it does not understand."""
    name = "slipway/release-main--books api+1"
    forge.branch("other")
    forge.commit("other", "other")
    github.create_pull("other", "main", "not ours", "")
    assert github.newest_pull(name, "main") is None


def test_a_missing_permission_is_named(forge: Forge) -> None:
    with forge.client(READER) as github, pytest.raises(Unauthorized) as caught:
        github.create_pull(BRANCH, "main", "title", "")
    assert "Resource not accessible" in caught.value.message
    assert "pull_requests=write" in caught.value.hint


@pytest.mark.parametrize("status", [500, 502])
def test_R46_a_broken_server_is_worth_another_attempt(
    forge: Forge, github: GitHub, status: int
) -> None:
    forge.fails("/pulls", status, times=-1)
    with pytest.raises(Retryable):
        github.open_pull(BRANCH, "main")
    with pytest.raises(Retryable):
        github.create_pull(BRANCH, "main", "title", "")


def test_R67_a_branch_of_that_name_in_a_fork_is_not_ours(
    forge: Forge, github: GitHub, pull: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub lists everything when it does not understand whose branch is meant."""
    monkeypatch.setattr(pull_routes, "_end", _of_a_fork)
    assert github.open_pull(BRANCH, "main") is None
    assert github.newest_pull(BRANCH, "main") is None


def _of_a_fork(branch: str, sha: str | None, _visit: Visit) -> Entry:
    source = {"full_name": "mallory/shop"}
    return {"label": f"mallory:{branch}", "ref": branch, "sha": sha, "repo": source}
