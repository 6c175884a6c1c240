"""Bad weather between a client and a server: late, lost, doubled, stale and contradictory answers."""

import asyncio
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from random import Random

from sandbox.serving import Asgi, Message, Receive, Scope, Send, hang_up

_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Climate:
    """The share of requests that meet each kind of trouble."""

    late: float = 0.0
    dropped: float = 0.0  # before any work
    lost: float = 0.0  # the work is done, the answer never comes
    refused: float = 0.0  # 503, or a proxy's page
    doubled: float = 0.0  # the work is done twice
    stale: float = 0.0  # an earlier answer to the same question
    cut: float = 0.0  # half an answer
    latest: float = 0.3  # seconds, the longest delay


CALM = Climate()


@dataclass
class Weather:
    """An app in front of another one. `climate` may be changed at any time."""

    inner: Asgi
    climate: Climate = CALM
    random: Random = field(default_factory=Random)
    met: Counter[str] = field(default_factory=Counter)
    down: threading.Event = field(default_factory=threading.Event)  # set: nobody answers
    _earlier: dict[str, deque[list[Message]]] = field(default_factory=dict)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _endless(scope):
            await (hang_up(scope, receive) if self._falls() else self.inner(scope, receive, send))
            return
        kind = "down" if self.down.is_set() else self._draw()
        self.met[kind] += 1
        if kind == "late":
            await asyncio.sleep(self.random.uniform(0, self.climate.latest))
        if kind in ("dropped", "down"):
            await hang_up(scope, receive)
        elif kind == "refused":
            await _answer(send, 503 if self.random.random() < 0.5 else 502)
        elif kind in ("stale", "cut", "lost", "doubled") or scope["method"] == "GET":
            await self._handled(kind, scope, receive, send)
        else:
            await self.inner(scope, receive, send)

    async def _handled(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        who = dict(scope["headers"]).get(b"authorization", b"")
        question = f"{who!r} {scope['path']}?{scope['query_string'].decode()}"
        body = await _read(receive)
        for _ in range(2 if kind == "doubled" else 1):
            told = await _ask(self.inner, scope, body, receive)
        if scope["method"] == "GET":
            earlier = self._earlier.setdefault(question, deque(maxlen=3))
            if kind == "stale" and earlier:
                told = earlier[0]
            else:
                earlier.append(told)
        if kind == "lost":
            await hang_up(scope, receive)
            return
        for message in _shortened(told) if kind == "cut" else told:
            await send(message)

    def _falls(self) -> bool:
        return self.down.is_set() or self.random.random() < self.climate.dropped

    def _draw(self) -> str:
        rest, climate = self.random.random(), self.climate
        for kind in ("late", "dropped", "lost", "refused", "doubled", "stale", "cut"):
            rest -= getattr(climate, kind)
            if rest < 0:
                return kind
        return "fair"


def _endless(scope: Scope) -> bool:
    """Streams and watches: their answers are events, and cannot be kept."""
    return "/stream/" in scope["path"] or b"watch=" in scope["query_string"]


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


async def _ask(inner: Asgi, scope: Scope, body: bytes, receive: Receive) -> list[Message]:
    told: list[Message] = []
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def once() -> Message:
        return next(given, None) or await receive()

    async def keep(message: Message) -> None:
        told.append(message)

    await inner(dict(scope), once, keep)
    return told


def _shortened(told: list[Message]) -> list[Message]:
    body = b"".join(message.get("body", b"") for message in told)
    start = {**told[0], "headers": [h for h in told[0]["headers"] if h[0] != b"content-length"]}
    return [start, {"type": "http.response.body", "body": body[: len(body) // 2]}]


async def _answer(send: Send, status: int) -> None:
    headers = [(b"content-type", b"text/html")] if status == 502 else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": _HTML if status == 502 else b"busy\n"})
