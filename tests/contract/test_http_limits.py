"""What a server may make our clients take in: how much, and for how long."""

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from sandbox.serving import Receive, Scope, Send, Server, served
from slipway.clients.http import client, send
from slipway.errors import Final, Retryable


@dataclass
class Body:
    """An answer in parts, with a pause after each."""

    parts: list[bytes] = field(default_factory=list)
    pause: float = 0.0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(self.pause)
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def one() -> Iterator[tuple[Body, Server, httpx.Client]]:
    body = Body()
    with served(body.app) as server, client(server.url) as http:
        yield body, server, http


@pytest.fixture
def body(one: tuple[Body, Server, httpx.Client]) -> Body:
    one[0].parts, one[0].pause, one[0].headers = [], 0.0, []
    return one[0]


@pytest.fixture
def http(one: tuple[Body, Server, httpx.Client]) -> httpx.Client:
    return one[2]


def ask(http: httpx.Client, **limits: float) -> httpx.Response:
    return send(http, "GET", "/thing?page=2", what="read the thing", **limits)  # type: ignore[arg-type]


def test_a_complete_answer_is_what_it_was(body: Body, http: httpx.Client) -> None:
    body.parts = [b'{"a"', b": 1}"]
    body.headers = [(b"link", b'<http://x/?page=3>; rel="next"'), (b"x-thing", b"1")]
    answer = ask(http, largest=8)
    assert answer.json() == {"a": 1}
    assert answer.links["next"]["url"] == "http://x/?page=3"
    assert (answer.headers["x-thing"], answer.url.query) == ("1", b"page=2")


def test_a_packed_answer_is_unpacked(body: Body, http: httpx.Client) -> None:
    body.parts, body.headers = [gzip.compress(b"text")], [(b"content-encoding", b"gzip")]
    assert ask(http).text == "text"


def test_X46_X52_an_answer_beyond_the_limit_is_not_taken_in(body: Body, http: httpx.Client) -> None:
    body.parts = [b"x" * 1000] * 1000
    with pytest.raises(Final, match=r"read the thing.*larger than 5000 bytes"):
        ask(http, largest=5000)


def test_X46_X52_a_small_answer_that_unpacks_to_a_large_one_is_not_taken_in(
    body: Body, http: httpx.Client
) -> None:
    body.parts = [gzip.compress(b"x" * 10_000_000)]
    body.headers = [(b"content-encoding", b"gzip")]
    with pytest.raises(Final, match="larger than"):
        ask(http, largest=1_000_000)


def test_X46_X52_a_slow_drip_ends_at_the_limit(body: Body, http: httpx.Client) -> None:
    body.parts, body.pause = [b"x"] * 100, 0.05
    with pytest.raises(Retryable, match=r"read the thing.*not complete within 0 s"):
        ask(http, patience=0.2)


def test_X46_X52_an_answer_that_cannot_be_unpacked_is_an_error(
    body: Body, http: httpx.Client
) -> None:
    body.parts, body.headers = [b"not gzip"], [(b"content-encoding", b"gzip")]
    with pytest.raises(Final, match="read the thing"):
        ask(http)
