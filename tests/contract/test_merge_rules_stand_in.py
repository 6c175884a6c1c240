"""What the stand-in's branches ask of a merge, and its merge queue, with GitHub's words."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.forge.protection import Protection
from tests.contract.forge_place import BRANCH, NAME, READER, WRITER, Forge, a_forge

_ENQUEUE = """mutation($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) {
    mergeQueueEntry { position state } } }"""
_STANDING = """query($id: ID!) { node(id: $id) { ... on PullRequest {
  state isInMergeQueue isMergeQueueEnabled mergeQueueEntry { position } } } }"""


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        fields = {"title": "release", "head": BRANCH, "base": "main"}
        assert forge.call("POST", "/pulls", fields).status_code == 201
        yield forge


def guarded(forge: Forge, **rules: Any) -> None:
    forge.host.guard(NAME, "main", Protection(**rules))


def shown(forge: Forge) -> Any:
    return forge.call("GET", "/pulls/1").json()


def refused(forge: Forge, **fields: Any) -> str:
    answer = forge.call("PUT", "/pulls/1/merge", fields)
    assert answer.status_code == 405
    return str(answer.json()["message"])


def asked(forge: Forge, query: str, token: str = WRITER.value, **variables: Any) -> Any:
    url, headers = f"{forge.server.url}/api/graphql", {"Authorization": f"Bearer {token}"}
    body = {"query": query, "variables": variables}
    answer = httpx.post(url, json=body, headers=headers)
    assert answer.status_code == 200
    return answer.json()


def test_a_review_is_asked_for(forge: Forge) -> None:
    guarded(forge, reviews=1)
    assert shown(forge)["mergeable_state"] == "blocked"
    words = "At least 1 approving review is required by reviewers with write access."
    assert refused(forge) == words
    forge.host.approve(NAME, 1)
    assert shown(forge)["mergeable_state"] == "clean"
    assert forge.call("PUT", "/pulls/1/merge").status_code == 200
    assert shown(forge)["merged_by"]["login"] == "acme"


def test_a_check_is_asked_for(forge: Forge) -> None:
    guarded(forge, checks=("ci",))
    assert refused(forge) == 'Required status check "ci" is expected.'
    for conclusion, word in (("", "in progress"), ("failure", "failing")):
        forge.host.check(NAME, forge.head(BRANCH), "ci", conclusion)
        assert refused(forge) == f'Required status check "ci" is {word}.'
    forge.call("POST", f"/statuses/{forge.head(BRANCH)}", {"state": "success", "context": "ci"})
    assert forge.call("PUT", "/pulls/1/merge").status_code == 200


def test_methods_can_be_switched_off(forge: Forge) -> None:
    guarded(forge, methods=("rebase",))
    words = "are not allowed on this repository."
    assert refused(forge) == f"Merge commits {words}"
    assert refused(forge, merge_method="squash") == f"Squash merges {words}"
    assert forge.call("PUT", "/pulls/1/merge", {"merge_method": "rebase"}).status_code == 200


def test_a_branch_may_have_to_be_up_to_date(forge: Forge) -> None:
    guarded(forge, up_to_date=True)
    assert shown(forge)["mergeable_state"] == "clean"
    forge.commit("main", "more", "c.txt")
    assert shown(forge)["mergeable_state"] == "behind"
    assert "out of date" in refused(forge)


def test_a_draft_is_not_merged(forge: Forge) -> None:
    pulls = forge.host.github.pulls(NAME)
    pulls.save({**pulls.all()[0], "draft": True})
    assert shown(forge)["mergeable_state"] == "draft"
    assert refused(forge) == "Pull Request is still a draft"


def test_a_queue_takes_what_the_merge_refuses(forge: Forge) -> None:
    guarded(forge, queue="merge", queue_seconds=3600)
    assert refused(forge) == "Changes must be made through the merge queue"
    node, head = shown(forge)["node_id"], forge.head(BRANCH)
    stale = asked(forge, _ENQUEUE, id=node, head=forge.head())
    assert "Head branch was modified" in stale["errors"][0]["message"]
    entered = asked(forge, _ENQUEUE, id=node, head=head)["data"]["enqueuePullRequest"]
    assert entered["mergeQueueEntry"] == {"position": 1, "state": "AWAITING_CHECKS"}
    again = asked(forge, _ENQUEUE, id=node, head=head)["errors"][0]
    assert (again["type"], "already in the queue" in again["message"]) == ("UNPROCESSABLE", True)
    assert asked(forge, _STANDING, id=node)["data"]["node"] == {
        "state": "OPEN", "isInMergeQueue": True, "isMergeQueueEnabled": True,
        "mergeQueueEntry": {"position": 1},
    }  # fmt: skip
    guarded(forge, queue="merge")
    assert shown(forge)["merged_by"]["login"] == "github-merge-queue[bot]"
    assert shown(forge)["merge_commit_sha"] == forge.head()


def test_a_queue_throws_out_what_moves_or_fails(forge: Forge) -> None:
    guarded(forge, queue="merge", queue_seconds=3600)
    forge.host.enqueue(NAME, 1)
    forge.commit(BRANCH, "third")
    node = shown(forge)["node_id"]
    assert not asked(forge, _STANDING, id=node)["data"]["node"]["isInMergeQueue"]
    forge.host.enqueue(NAME, 1)
    guarded(forge, queue="merge", queue_checks="failure")
    time.sleep(0.01)
    assert not asked(forge, _STANDING, id=node)["data"]["node"]["isInMergeQueue"]
    assert shown(forge)["state"] == "open"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("query { viewer { login } }", "Field 'viewer' doesn't exist"),
        ("query($id: ID!) { node(id: $id) { id } }", "Variable $id"),
        ("subscription { x }", "Expected one of query, mutation"),
        ("query { node", "the end"),
        ("query { & }", "Parse error"),
    ],
)
def test_what_is_no_query_is_refused(forge: Forge, query: str, words: str) -> None:
    assert words in asked(forge, query)["errors"][0]["message"]


def test_unknown_fields_nodes_and_rights_are_refused(forge: Forge) -> None:
    node = shown(forge)["node_id"]
    unknown = "query($id: ID!) { node(id: $id) { ... on PullRequest { colour } } }"
    assert "colour" in asked(forge, unknown, id=node)["errors"][0]["message"]
    assert asked(forge, _STANDING, id="PR_none")["errors"][0]["type"] == "NOT_FOUND"
    reader = asked(forge, _ENQUEUE, READER.value, id=node, head="x")
    assert reader["errors"][0]["type"] == "FORBIDDEN"
    headers = {"Authorization": "Bearer nobody"}
    answer = httpx.post(f"{forge.server.url}/api/graphql", json={}, headers=headers)
    assert answer.status_code == 401
