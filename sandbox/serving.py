"""How every stand-in is served: on loopback, recorded, and with faults on demand."""

import asyncio
import contextlib
import random
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    """One received request, as tests see it."""

    method: str
    path: str
    query: str
    status: int  # 0: the connection was dropped before any work


@dataclass
class Fault:
    """What to do to matching requests: answer a status, hang up, lose the answer, or delay."""

    method: str = ""  # empty: any
    path: str = ""  # part of the path; empty: any
    status: int = 0  # answer this status without doing anything
    drop: bool = False  # close the connection without doing anything
    lose_answer: bool = False  # do the work, then close the connection instead of answering
    delay: float = 0.0  # seconds before the work starts
    headers: tuple[tuple[str, str], ...] = ()  # sent with `status`, such as Retry-After
    times: int = 1  # how often; -1: always
    chance: float = 1.0  # share of the matching requests that are hit

    def matches(self, scope: Scope) -> bool:
        return (
            self.times != 0
            and self.method in ("", scope["method"])
            and self.path in scope["path"]
            and (self.chance >= 1.0 or random.random() < self.chance)
        )


@dataclass
class Traffic:
    """What one server received, and the faults that wait for its next requests."""

    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def writes(self) -> list[Request]:
        """Requests that may change something."""
        return [request for request in self.requests if request.method not in ("GET", "HEAD")]

    def reset(self) -> None:
        self.requests.clear()
        self.faults.clear()

    def next_fault(self, scope: Scope) -> Fault | None:
        for fault in self.faults:
            if fault.matches(scope):
                fault.times -= fault.times > 0
                return fault
        return None


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Reset the connection instead of answering."""
    scope["abort"]()
    while (await receive())["type"] != "http.disconnect":
        pass


def observed(app: Asgi, traffic: Traffic) -> Asgi:
    """Record every request of `app` and apply the waiting faults."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return

        def record(status: int) -> None:
            query = scope["query_string"].decode()
            traffic.requests.append(Request(scope["method"], scope["path"], query, status))

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                record(message["status"])
            if not fault.lose_answer:
                await send(message)

        # uvicorn's own transport is the only handle on the connection.
        scope["abort"] = send.__self__.transport.abort  # type: ignore[attr-defined]
        fault = traffic.next_fault(scope) or Fault()
        await asyncio.sleep(fault.delay)
        if fault.drop:
            record(0)
        elif fault.status:
            await _refuse(tell, fault)
        else:
            await app(scope, receive, tell)
        if fault.drop or fault.lose_answer:
            await hang_up(scope, receive)

    return serve


async def _refuse(send: Send, fault: Fault) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in fault.headers]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"the stand-in was told to fail\n"})


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One ASGI app on loopback, in a thread of this process."""

    def __init__(self, app: Asgi, port: int = 0) -> None:
        self.traffic = Traffic()
        # asyncio sends at once only on sockets that say they are TCP; else each body waits 40 ms.
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            observed(app, self.traffic),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def start(self) -> "Server":
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError(f"the server on port {self.port} did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()


@contextlib.contextmanager
def served(app: Asgi, port: int = 0) -> Iterator[Server]:
    """Serve `app` until the block ends."""
    server = Server(app, port).start()
    try:
        yield server
    finally:
        server.stop()
