"""The stand-in's pull requests over HTTP: shapes, merges and refusals as GitHub documents them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.forge_place import BRANCH, NAME, READER, Forge, a_forge

FIELDS = {"title": "chore(main): release 1.1.0", "head": BRANCH, "base": "main", "body": "notes"}


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


def opened(forge: Forge, **more: Any) -> Any:
    answer = forge.call("POST", "/pulls", FIELDS | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def complaint(answer: httpx.Response) -> str:
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation Failed"
    return str(answer.json()["errors"][0].get("message", answer.json()["errors"][0]["code"]))


def test_a_pull_request_has_its_shape(forge: Forge) -> None:
    made = opened(forge)
    assert (made["number"], made["state"], made["merged_at"]) == (1, "open", None)
    assert made["head"]["label"] == f"acme:{BRANCH}"
    assert (made["head"]["ref"], made["head"]["sha"]) == (BRANCH, forge.head(BRANCH))
    assert (made["base"]["ref"], made["base"]["sha"]) == ("main", forge.head())
    assert made["html_url"] == f"{forge.server.url}/{NAME}/pull/1"
    shown = forge.call("GET", "/pulls/1").json()
    assert (shown["merged"], shown["mergeable"], shown["commits"]) == (False, True, 1)
    listed = forge.call("GET", "/pulls/1/commits").json()
    assert [commit["sha"] for commit in listed] == [forge.head(BRANCH)]
    assert forge.call("GET", "/pulls/2").status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title": ""}, "missing_field"),
        ({"head": "nowhere"}, "invalid"),
        ({"head": "other:release"}, "invalid"),
        ({"base": "nowhere"}, "invalid"),
        ({"head": "main"}, "No commits between main and main"),
        ({"body": "x" * 65_537}, "body is too long (maximum is 65536 characters)"),
    ],
)
def test_a_bad_pull_request_is_refused(forge: Forge, fields: dict[str, str], words: str) -> None:
    assert complaint(forge.call("POST", "/pulls", FIELDS | fields)) == words
    assert forge.call("GET", "/pulls?state=all").json() == []


def test_a_second_one_of_the_same_branch_is_refused(forge: Forge) -> None:
    opened(forge)
    again = forge.call("POST", "/pulls", FIELDS | {"head": f"acme:{BRANCH}"})
    assert complaint(again) == f"A pull request already exists for acme:{BRANCH}."
    assert len(forge.call("GET", "/pulls").json()) == 1


def test_lists_are_filtered_sorted_and_paged(forge: Forge) -> None:
    for branch in ("one", "two"):
        forge.branch(branch)
        forge.commit(branch, branch)
        opened(forge, head=branch)
    opened(forge)
    forge.call("PATCH", "/pulls/2", {"state": "closed"})

    def numbers(query: str) -> list[int]:
        return [pull["number"] for pull in forge.call("GET", f"/pulls?{query}").json()]

    assert numbers("") == [3, 1]
    assert numbers("state=closed") == [2]
    assert numbers("state=all&direction=asc") == [1, 2, 3]
    assert numbers("state=all&head=acme:two") == [2]
    assert numbers("head=other:one") == []
    assert numbers("head=one") == [3, 1]  # without an owner the filter is ignored
    assert numbers("base=other") == []
    first = forge.call("GET", "/pulls?state=all&per_page=2")
    assert [pull["number"] for pull in first.json()] == [3, 2]
    assert "page=2" in first.links["next"]["url"]


def test_the_head_follows_its_branch_while_it_is_open(forge: Forge) -> None:
    opened(forge)
    moved = forge.commit(BRANCH, "third")
    assert forge.call("GET", "/pulls/1").json()["head"]["sha"] == moved
    forge.call("PATCH", "/pulls/1", {"state": "closed"})
    forge.commit(BRANCH, "fourth")
    assert forge.call("GET", "/pulls/1").json()["head"]["sha"] == moved


def test_title_body_and_state_change(forge: Forge) -> None:
    opened(forge)
    changed = forge.call("PATCH", "/pulls/1", {"title": "new", "body": None}).json()
    assert (changed["title"], changed["body"], changed["state"]) == ("new", None, "open")
    closed = forge.call("PATCH", "/pulls/1", {"state": "closed"}).json()
    assert (closed["state"], closed["merged"]) == ("closed", False)
    assert closed["closed_at"]
    assert forge.call("PATCH", "/pulls/1", {"state": "open"}).json()["state"] == "open"
    assert forge.call("PATCH", "/pulls/1", {"state": "merged"}).status_code == 422


def test_what_was_rewritten_or_merged_is_not_reopened(forge: Forge) -> None:
    opened(forge)
    forge.call("PATCH", "/pulls/1", {"state": "closed"})
    forge.branch(BRANCH)
    forge.commit(BRANCH, "other")
    refused = complaint(forge.call("PATCH", "/pulls/1", {"state": "open"}))
    assert refused == f"state cannot be changed. The {BRANCH} branch was force-pushed or recreated."
    opened(forge)
    assert forge.call("PUT", "/pulls/2/merge").status_code == 200
    refused = complaint(forge.call("PATCH", "/pulls/2", {"state": "open"}))
    assert refused == "state cannot be changed. The pull request cannot be reopened."


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_merge_brings_the_changes_and_ends_the_pull_request(forge: Forge, method: str) -> None:
    opened(forge)
    fix = forge.commit("main", "fix", "c.txt", "fix: meanwhile")
    head = forge.head(BRANCH)
    answer = forge.call("PUT", "/pulls/1/merge", {"merge_method": method, "sha": head})
    assert answer.json()["merged"] is True
    assert answer.json()["sha"] == forge.head()
    assert forge.git("show", "main:b.txt") == "second"
    assert forge.git("show", "main:c.txt") == "fix"
    parents = forge.git("rev-list", "--parents", "-1", "main").split()[1:]
    assert parents == ([fix, head] if method == "merge" else [fix])
    title = {
        "merge": f"Merge pull request #1 from acme/{BRANCH}",
        "squash": "chore(main): release 1.1.0 (#1)",
        "rebase": "chore(main): release 1.1.0",
    }
    assert forge.git("log", "-1", "--format=%s", "main") == title[method]
    merged = forge.call("GET", "/pulls/1").json()
    assert (merged["state"], merged["merged"], merged["mergeable"]) == ("closed", True, None)
    assert merged["merge_commit_sha"] == forge.head()
    assert merged["merged_at"]
    assert forge.call("GET", "/pulls/1/merge").status_code == 204
    assert forge.call("PUT", "/pulls/1/merge").status_code == 405


def test_a_rebase_makes_new_commits_and_keeps_their_authors(forge: Forge) -> None:
    forge.commit(BRANCH, "third", "b.txt")
    opened(forge)
    before = forge.git("rev-list", "main..release").split()
    forge.host.merge(NAME, 1, "rebase")
    assert not set(before) & set(forge.git("rev-list", "main").split())
    assert forge.git("log", "-2", "--format=%s|%an|%cn", "main").splitlines() == [
        "feat: third|Mia Torres|GitHub",
        "chore(main): release 1.1.0|Mia Torres|GitHub",
    ]


def test_a_merge_is_refused_for_another_head_or_a_conflict(forge: Forge) -> None:
    opened(forge)
    stale = forge.call("PUT", "/pulls/1/merge", {"sha": forge.head()})
    assert stale.status_code == 409
    assert stale.json()["message"] == ("Head branch was modified. Review and try the merge again.")
    before = forge.commit("main", "another", "b.txt")
    for method in ("merge", "squash", "rebase"):
        refused = forge.call("PUT", "/pulls/1/merge", {"merge_method": method})
        assert refused.status_code == 405
        assert refused.json()["message"] == "Pull Request is not mergeable"
    assert forge.call("GET", "/pulls/1").json()["mergeable"] is False
    assert forge.call("PUT", "/pulls/1/merge", {"merge_method": "fast"}).status_code == 422
    assert forge.head() == before


def test_a_protected_branch_takes_a_merge(forge: Forge) -> None:
    opened(forge)
    forge.host.protect(NAME, "main")
    assert forge.call("PUT", "/pulls/1/merge").status_code == 200


def test_a_push_of_its_commits_to_the_base_merges_it(forge: Forge) -> None:
    opened(forge)
    forge.branch("main", BRANCH)
    assert forge.call("GET", "/pulls/1").json()["merged"] is True


@pytest.mark.parametrize("deleted", [True, False])
def test_a_branch_with_nothing_left_closes_it(forge: Forge, deleted: bool) -> None:
    opened(forge)
    if deleted:
        forge.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    else:
        forge.branch()
    closed = forge.call("GET", "/pulls/1").json()
    assert (closed["state"], closed["merged"]) == ("closed", False)
    refused = complaint(forge.call("PATCH", "/pulls/1", {"state": "open"}))
    assert refused.startswith("state cannot be changed.")


def test_labels_are_added_and_removed(forge: Forge) -> None:
    opened(forge)
    added = forge.call("POST", "/issues/1/labels", {"labels": ["a", "b"]})
    assert added.status_code == 200
    forge.call("POST", "/issues/1/labels", {"labels": ["b", "c"]})
    named = [label["name"] for label in forge.call("GET", "/issues/1/labels").json()]
    assert named == ["a", "b", "c"]
    assert forge.call("DELETE", "/issues/1/labels/b").status_code == 200
    assert forge.call("DELETE", "/issues/1/labels/b").status_code == 404
    shown = forge.call("GET", "/pulls/1").json()["labels"]
    assert [label["name"] for label in shown] == ["a", "c"]
    assert forge.call("POST", "/issues/1/labels", {"labels": "a"}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/pulls"), ("PATCH", "/pulls/1"), ("PUT", "/pulls/1/merge"),
     ("POST", "/issues/1/labels"), ("DELETE", "/issues/1/labels/a")],
)  # fmt: skip
def test_a_reader_changes_nothing(forge: Forge, method: str, path: str) -> None:
    opened(forge)
    refused = forge.call(method, path, {}, READER)
    assert refused.status_code == 403
    assert refused.headers["x-accepted-github-permissions"].endswith("=write")
    assert forge.call("GET", "/pulls", token=READER).json()[0]["number"] == 1
