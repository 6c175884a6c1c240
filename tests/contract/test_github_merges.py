"""Merging and the merge queue: Slipway's client against the stand-in and against odd answers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sandbox.forge.protection import Protection
from sandbox.serving import Receive, Scope, Send, served
from slipway.clients.github import FullPull, GitHub, Queue, Refused
from slipway.errors import Retryable, Unauthorized
from tests.contract.forge_place import BRANCH, NAME, READER, Forge, a_forge

MESSAGE = "chore: one\n\nSlipway-Run: run-1\n"


@pytest.fixture
def forge(tmp_path: Path) -> Iterator[Forge]:
    with a_forge(tmp_path) as forge:
        yield forge


@pytest.fixture
def github(forge: Forge) -> Iterator[GitHub]:
    with forge.client() as github:
        yield github


@pytest.fixture
def pull(github: GitHub) -> FullPull:
    return github.pull(github.create_pull(BRANCH, "main", "title", "body").number)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("squash", MESSAGE),
        ("merge", f"Merge pull request #1 from acme/{BRANCH}\n\nSlipway-Run: run-1\n"),
        ("rebase", "chore(main): release 1.1.0\n\nNotes.\n"),
    ],
)
def test_the_message_goes_where_the_method_takes_it(
    forge: Forge, github: GitHub, pull: FullPull, method: str, message: str
) -> None:
    assert github.merge_pull(pull, method, MESSAGE) == forge.head()
    assert forge.git("log", "-1", "--format=%B", "main") == message.strip()
    merged = github.pull(pull.number)
    assert (merged.merged, merged.merged_by, merged.open) == (True, "acme", False)
    assert (merged.merge_commit_sha, merged.closed_at is not None) == (forge.head(), True)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"reviews": 1}, "rules"),
        ({"checks": ("ci",)}, "rules"),
        ({"queue": "squash"}, "queue"),
        ({"methods": ("merge",)}, "method"),
        (None, "moved"),
    ],
)
def test_each_refusal_is_told_apart(
    forge: Forge, github: GitHub, pull: FullPull, rules: dict[str, Any] | None, why: str
) -> None:
    if rules is None:
        forge.commit(BRANCH, "third")
    forge.host.guard(NAME, "main", Protection(**(rules or {})))
    answer = github.merge_pull(pull, "squash", MESSAGE)
    assert isinstance(answer, Refused)
    assert answer.why == why
    assert answer.words


def test_the_queue_is_read_and_entered(forge: Forge, github: GitHub, pull: FullPull) -> None:
    assert github.queue(pull) == Queue(required=False, waiting=False)
    refused = github.enqueue(pull)
    assert refused
    assert "not enabled" in refused.words
    forge.host.guard(NAME, "main", Protection(queue="squash", queue_seconds=3600))
    assert github.enqueue(pull) is None
    assert github.enqueue(pull) is None  # it is there
    assert github.queue(pull) == Queue(
        required=True, waiting=True, position=1, state="AWAITING_CHECKS"
    )


def test_a_token_that_may_not_is_told(forge: Forge, pull: FullPull) -> None:
    forge.host.guard(NAME, "main", Protection(queue="squash"))
    with forge.client(READER) as reader, pytest.raises(Unauthorized) as problem:
        reader.enqueue(pull)
    assert "pull_requests=write" in problem.value.hint


def answering(pull: FullPull, base: str, answer: Any, ask: str) -> tuple[Any, list[str]]:
    """What the client makes of an answer, and the paths it asked."""
    paths: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        paths.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    name = f"https://x/{NAME}"
    with (
        served(app) as server,
        GitHub(f"{server.url}{base}", name, SecretStr("t")) as github,
    ):
        return getattr(github, ask)(pull), paths


@pytest.mark.parametrize(
    ("base", "path"),
    [("", "/graphql"), ("/api/v3", "/api/graphql"), ("/api/v3/", "/api/graphql")],
)
def test_graphql_lies_beside_the_rest_api(pull: FullPull, base: str, path: str) -> None:
    answer = {"data": {"node": {"isMergeQueueEnabled": True, "isInMergeQueue": False}}}
    found, paths = answering(pull, base, answer, "queue")
    assert (found, paths) == (Queue(required=True, waiting=False), [path])


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"node": None}},
        {"data": None, "errors": [{"message": "Field 'isInMergeQueue' doesn't exist"}]},
        {"errors": [{"type": "FORBIDDEN", "message": "no"}]},
    ],
)
def test_a_server_that_knows_no_queue_says_nothing(pull: FullPull, answer: Any) -> None:
    found, _ = answering(pull, "", answer, "queue")
    assert found is None


@pytest.mark.parametrize("ask", ["queue", "enqueue"])
def test_G61_the_limit_of_graphql_is_a_limit(pull: FullPull, ask: str) -> None:
    answer = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    with pytest.raises(Retryable) as problem:
        answering(pull, "", answer, ask)
    assert problem.value.retry_after == 60


def test_an_answer_that_is_none_is_no_queue(pull: FullPull) -> None:
    with pytest.raises(Retryable, match="not what GitHub sends"):
        answering(pull, "", ["?"], "queue")
