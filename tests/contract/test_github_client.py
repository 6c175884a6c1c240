"""The GitHub client against answers GitHub, a proxy or nobody gives."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from sandbox.serving import Fault, Receive, Scope, Send, Server, served
from slipway.clients.github import GitHub, repository_name
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized

TOKEN = "ghp_secret-token"
RELEASES = "/repos/acme/shop/releases"
BY_TAG = f"{RELEASES}/tags/v1.1.0"
SHA = "c" * 40


def page(number: int = 1, tag: str = "v1.1.0", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "tag_name": tag,
        "html_url": f"https://x/{number}",
        "draft": False,
        "prerelease": False,
        "body": "notes",
        "upload_url": "https://x/upload{?name,label}",
        "assets": [],
        **more,
    }


@dataclass
class Script:
    """Answers by method and path, and remembers the headers it was sent."""

    answers: dict[tuple[str, str], tuple[int, Any, dict[str, str]]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    def on(self, method: str, path: str, status: int, body: Any = None, **headers: str) -> None:
        self.answers[method, path] = (status, body, headers)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        body += message.get("body", b"")
        self.bodies.append(json.loads(body) if body else None)
        self.headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        missing: tuple[int, Any, dict[str, str]] = (404, {"message": "Not Found"}, {})
        paged = (scope["method"], f"{scope['path']}?{query}")
        status, answer, headers = self.answers.get(
            paged, self.answers.get((scope["method"], scope["path"]), missing)
        )
        shown = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        pairs = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": shown if status != 204 else b""})


@dataclass
class Api:
    """A scripted server and a client for it."""

    script: Script
    server: Server
    github: GitHub

    def fails(self, kind: type[SlipwayError], words: str) -> SlipwayError:
        """Reading and creating the release fail alike; the error that reading raised."""
        with pytest.raises(kind, match=words):
            self.github.create("v1.1.0", SHA, "notes")
        with pytest.raises(kind, match=words) as caught:
            self.github.release("v1.1.0")
        assert TOKEN not in repr(caught.value)
        assert caught.value.hint
        return caught.value

    def both(self, status: int, body: Any = None, **headers: str) -> None:
        self.script.on("GET", BY_TAG, status, body, **headers)
        self.script.on("POST", RELEASES, status, body, **headers)


@contextmanager
def client(server: Server, seconds: float = 5.0) -> Iterator[GitHub]:
    url = "https://git.example.com/acme/shop.git"
    with GitHub(server.url, url, SecretStr(TOKEN), httpx.Timeout(seconds)) as github:
        yield github


@pytest.fixture(scope="module")
def one_api() -> Iterator[Api]:
    script = Script()
    with served(script.app) as server, client(server) as github:
        yield Api(script, server, github)


@pytest.fixture
def api(one_api: Api) -> Api:
    one_api.server.traffic.reset()
    one_api.script.answers.clear()
    one_api.script.bodies.clear()
    return one_api


def test_a_release_is_read_as_github_asks_for_it(api: Api) -> None:
    api.script.on("GET", BY_TAG, 200, page())
    found = api.github.release("v1.1.0")
    assert found
    assert found.html_url == "https://x/1"
    sent = api.script.headers
    assert sent["authorization"] == f"Bearer {TOKEN}"
    assert sent["accept"] == "application/vnd.github+json"
    assert sent["x-github-api-version"] == "2022-11-28"
    assert sent["user-agent"]


def test_a_release_is_created_for_the_commit(api: Api) -> None:
    api.script.on("POST", RELEASES, 201, page())
    api.script.on("GET", RELEASES, 200, [page()])
    assert api.github.create("v1.1.0", SHA, "notes")
    assert api.script.bodies[0] == {
        "tag_name": "v1.1.0", "target_commitish": SHA, "name": "v1.1.0", "body": "notes",
        "draft": False, "prerelease": False, "make_latest": "legacy",
    }  # fmt: skip


def test_R29_a_draft_is_found_on_a_later_page(api: Api) -> None:
    following = f"{api.server.url}{RELEASES}?page=2"
    api.script.on("GET", RELEASES, 200, [page(9, "v1.2.0")], link=f'<{following}>; rel="next"')
    api.script.on("GET", f"{RELEASES}?page=2", 200, [page(3, draft=True)])
    found = api.github.release("v1.1.0")
    assert found
    assert (found.id, found.draft) == (3, True)


def test_no_release_at_all(api: Api) -> None:
    api.script.on("GET", RELEASES, 200, [page(9, "v1.2.0")])
    assert api.github.release("v1.1.0") is None


def test_R35_of_two_releases_of_a_tag_the_older_one_stays(api: Api) -> None:
    api.script.on("POST", RELEASES, 201, page(8))
    api.script.on(
        "GET",
        RELEASES,
        200,
        [page(8), page(7), page(5, draft=True, body="mine"), page(2, "v1.0.0")],
    )
    api.script.on("DELETE", f"{RELEASES}/8", 204)
    made = api.github.create("v1.1.0", SHA, "notes")
    assert made
    assert made.id == 7
    assert [r.path for r in api.server.traffic.requests if r.method == "DELETE"] == [
        f"{RELEASES}/8"
    ]


def test_R35_the_older_one_removes_nothing(api: Api) -> None:
    api.script.on("POST", RELEASES, 201, page(7))
    api.script.on("GET", RELEASES, 200, [page(8), page(7)])
    made = api.github.create("v1.1.0", SHA, "notes")
    assert made
    assert made.id == 7
    assert [r.method for r in api.server.traffic.writes()] == ["POST"]


def test_R47_already_exists_is_an_answer(api: Api) -> None:
    errors = [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
    api.script.on("POST", RELEASES, 422, {"message": "Validation Failed", "errors": errors})
    assert api.github.create("v1.1.0", SHA, "notes") is None


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Validation Failed", "errors": [{"code": "invalid"}]},
        {"message": "Validation Failed", "errors": ["tag_name was used by an immutable release"]},
        {"message": "Validation Failed"},
        "Validation Failed",
    ],
)
def test_R48_another_422_is_final_with_the_message(api: Api, body: Any) -> None:
    api.script.on("POST", RELEASES, 422, body)
    with pytest.raises(Final, match=r"create release v1\.1\.0 of acme/shop.*Validation Failed"):
        api.github.create("v1.1.0", SHA, "notes")


@pytest.mark.parametrize("status", [403, 429])
def test_R49_a_limit_says_how_long_to_wait(api: Api, status: int) -> None:
    api.both(status, {"message": "slow down"}, retry_after="17")
    error = api.fails(Retryable, "rate limit")
    assert isinstance(error, Retryable)
    assert error.retry_after == 17

    reset = str(int(time.time()) + 100)
    api.both(status, {"message": "no"}, x_ratelimit_remaining="0", x_ratelimit_reset=reset)
    error = api.fails(Retryable, "rate limit")
    assert isinstance(error, Retryable)
    assert error.retry_after
    assert 80 < error.retry_after <= 100

    api.both(status, {"message": "You have exceeded a secondary rate limit"})
    error = api.fails(Retryable, "rate limit")
    assert isinstance(error, Retryable)
    assert error.retry_after == 60


def test_R50_R51_refusals_are_final_and_never_no_release(api: Api) -> None:
    api.both(401, {"message": "Bad credentials"})
    api.fails(Unauthorized, "Bad credentials")
    message = "Resource not accessible by personal access token"
    api.both(403, {"message": message}, x_ratelimit_remaining="4999")
    api.fails(Unauthorized, message)


def test_R50_a_missing_repository_is_not_a_missing_release(api: Api) -> None:
    error = api.fails(NotFound, "acme/shop.*Not Found")
    assert "credential may see" in error.hint


@pytest.mark.parametrize("status", [500, 502, 503])
def test_R46_R51_a_broken_server_is_worth_another_attempt(api: Api, status: int) -> None:
    api.both(status, "<html>bad gateway</html>")
    api.fails(Retryable, f"HTTP {status}")


def test_R45_a_lost_connection_is_worth_another_attempt(api: Api) -> None:
    api.server.traffic.faults.append(Fault(drop=True, times=-1))
    api.fails(Retryable, "acme/shop")


def test_R52_a_silent_server_times_out(api: Api) -> None:
    api.server.traffic.faults.append(Fault(delay=1.0, times=-1))
    with client(api.server, seconds=0.1) as impatient, pytest.raises(Retryable):
        impatient.release("v1.1.0")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_R53_a_redirect_is_not_followed(api: Api, status: int) -> None:
    with served(Script().app) as other:
        api.both(status, {"message": "Moved"}, location=f"{other.url}/elsewhere")
        api.fails(Final, "moved")
        assert other.traffic.requests == []


def test_R53_X52_the_next_page_stays_on_the_host(api: Api) -> None:
    with served(Script().app) as other:
        link = f'<{other.url}{RELEASES}?page=2>; rel="next"'
        api.script.on("GET", RELEASES, 200, [], link=link)
        with pytest.raises(Final, match="another host"):
            api.github.release("v1.1.0")
        assert other.traffic.requests == []


@pytest.mark.parametrize(
    "body",
    [
        f"<html>log in first, Bearer {TOKEN} {'x' * 5000}</html>",
        '{"id": 1, "tag_na',
        {"id": "one"},
        [],
        "",
    ],
)
def test_R54_an_answer_of_another_shape_is_an_error(api: Api, body: Any) -> None:
    api.both(200, body)
    error = api.fails(Retryable, "not what GitHub sends")
    assert len(str(error)) < 600


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://api.github.com", True),
        ("http://127.0.0.1:8080/api/v3", True),
        ("http://git.example.com/api/v3", False),
        ("http://127.0.0.1.example.com", False),
        ("git.example.com", False),
    ],
)
def test_X9_the_credential_travels_encrypted_or_not_at_all(url: str, fits: bool) -> None:
    if fits:
        GitHub(url, "https://h/acme/shop", SecretStr(TOKEN)).__exit__(None, None, None)
        return
    with pytest.raises(InvalidInput, match="without TLS"):
        GitHub(url, "https://h/acme/shop", SecretStr(TOKEN))


@pytest.mark.parametrize("token", [f"{TOKEN}\n", "to ken", "tökén", ""])
def test_X15_a_token_that_cannot_be_one_is_refused_unseen(token: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        GitHub("https://api.github.com", "https://h/acme/shop", SecretStr(token))
    assert not token.strip() or token.strip() not in str(caught.value)


def test_X13_a_token_in_the_servers_words_is_not_repeated(api: Api) -> None:
    token = "ghp_" + "a1B2" * 9
    api.both(422, {"message": f"unexpected header {token}", "errors": [{"message": token}]})
    with pytest.raises(Final) as caught:
        api.github.create("v1.1.0", SHA, "notes")
    assert token not in str(caught.value)
    assert "ghp_***" in str(caught.value)


def test_R49_the_old_words_for_a_secondary_limit(api: Api) -> None:
    message = "You have triggered an abuse detection mechanism"
    api.both(403, {"message": message}, x_ratelimit_remaining="4000")
    error = api.fails(Retryable, "rate limit")
    assert isinstance(error, Retryable)
    assert error.retry_after == 60


def test_a_missing_permission_is_named(api: Api) -> None:
    message = "Resource not accessible by personal access token"
    api.both(403, {"message": message}, x_accepted_github_permissions="contents=write")
    error = api.fails(Unauthorized, message)
    assert "contents=write" in error.hint


def test_the_repository_is_the_end_of_its_url() -> None:
    for url in ("https://github.com/acme/shop", "https://host/git/acme/shop.git"):
        assert repository_name(url) == "acme/shop"
    with pytest.raises(InvalidInput, match="owner/name"):
        repository_name("https://github.com/shop")
