"""The event stream: it only wakes the wait, and the wait does without it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from pydantic import SecretStr

from sandbox.serving import Asgi, Fault, Receive, Scope, Send, Server, served
from slipway.clients.argocd import Client, connect
from slipway.clients.argocd_stream import Limits, Stream
from slipway.engines.argocd import ArgoCD
from slipway.service import Application
from slipway.settings import Settings
from tests.contract.argocd_world import ROBOT, STRANGER, World
from tests.contract.sync_wait import live, wait

BOOKS = Application(name="books")
FIRST = b'data: {"result":{"type":"ADDED","application":{"metadata":{"name":"books"}}}} \n\n\n'
QUICK = Limits(first=0.3, silence=0.6, pause=0.05, longest=0.1)


def streams(server: Server) -> int:
    """How many were begun; a silent one has not answered yet."""
    return sum("stream" in request.path for request in server.traffic.requests)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def listeners() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "argocd stream"]


@contextmanager
def client(url: str, token: str = ROBOT.token) -> Iterator[Client]:
    with connect(Settings(argocd_url=url, argocd_token=SecretStr(token))) as found:
        yield found


@contextmanager
def stream(url: str, application: Application = BOOKS, limits: Limits = QUICK) -> Iterator[Stream]:
    with client(url) as argocd, closing(argocd.stream(application, limits)) as found:
        yield found


def saying(argo: World, *parts: bytes, keep_alive: float = 0.0) -> Asgi:
    """The real stand-in, with a stream that says these parts and then only keeps alive."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if "stream" not in scope["path"]:
            await argo.argocd.app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/event-stream")]
        if parts:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        while keep_alive:
            await asyncio.sleep(keep_alive)
            await send({"type": "http.response.body", "body": b":\n", "more_body": True})
        await receive()
        await receive()

    return answer


def test_S34_the_stream_wakes_the_wait_and_few_looks_are_taken(argo: World) -> None:
    live(argo)
    revision = argo.push_image("1.1.0")
    assert wait(argo, revision, "1.1.0", settle=5, speed=1)().observed == revision
    path = "/api/v1/applications/books"
    plain = [r for r in argo.server.traffic.requests if r.path == path and "refresh" not in r.query]
    assert len(plain) <= 20  # every event would be many more
    assert streams(argo.server) == 1
    assert listeners() == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="stream", status=404, times=-1),
        Fault(path="stream", status=503, times=-1),
        Fault(path="stream", drop=True, times=-1),
    ],
)
def test_S34_without_a_stream_the_wait_polls_and_says_so_once(argo: World, fault: Fault) -> None:
    live(argo)
    argo.server.traffic.faults.append(fault)
    revision = argo.push_image("1.1.0")
    waiting = wait(argo, revision, "1.1.0")
    assert waiting().observed == revision
    assert sum("no event stream" in sentence for sentence in waiting.said) == 1
    assert listeners() == []


def test_S49_a_stream_that_never_begins_is_given_up_and_the_wait_polls(argo: World) -> None:
    live(argo)
    with served(saying(argo)) as server:
        revision = argo.push_image("1.1.0")
        waiting = wait(argo, revision, "1.1.0")
        waiting.url = server.url
        assert waiting().observed == revision
    with stream(argo.server.url, Application(name="gone")) as silent:
        until(lambda: silent.trouble)
        assert silent.trouble == "it is silent"
        assert not silent.live


def test_S49_silence_is_explained_once_with_the_permission_that_is_missing(argo: World) -> None:
    argo.push_values("1.0.0")
    argo.add()
    with (
        client(argo.server.url, STRANGER.token) as argocd,
        closing(ArgoCD(argocd, None, lambda: 5.0, QUICK)) as engine,
    ):
        notes = [engine.await_change(BOOKS, 0.4) for _ in range(4)]
    [note] = filter(None, notes)
    assert "asking every 1 s instead: it is silent" in note
    assert "the token lacks 'applications, get, default/books'" in note


def test_S50_events_that_are_lost_are_made_up_for_by_a_look(argo: World) -> None:
    live(argo)
    with served(saying(argo, FIRST, keep_alive=0.2)) as server:
        revision = argo.push_image("1.1.0")
        waiting = wait(argo, revision, "1.1.0")
        waiting.url = server.url
        began = time.monotonic()
        assert waiting().observed == revision
        assert time.monotonic() - began < 30
        assert streams(server) == 1


def test_S51_a_missing_keep_alive_reconnects(argo: World) -> None:
    live(argo)
    argo.argocd.controls.keep_alive = 60
    with stream(argo.server.url) as listening:
        until(lambda: listening.live)
        until(lambda: streams(argo.server) >= 2)
        until(lambda: listening.live)


def test_S51_a_keep_alive_keeps_the_connection(argo: World) -> None:
    live(argo)
    argo.argocd.controls.keep_alive = 0.1
    limits = Limits(first=10.0, silence=1.5, pause=0.05, longest=0.1)
    with stream(argo.server.url, limits=limits) as listening:
        until(lambda: listening.live)
        time.sleep(2 * limits.silence)
        assert listening.live
        assert streams(argo.server) == 1


def test_S51_an_error_frame_ends_the_connection_and_wakes_the_wait(argo: World) -> None:
    live(argo)
    error = b'data: {"error":{"grpc_code":13,"message":"stream terminated"}} \n\n\n'
    with (
        served(saying(argo, FIRST, error, keep_alive=0.2)) as server,
        stream(server.url) as listening,
    ):
        until(lambda: streams(server) >= 2)
        assert listening.trouble in ("stream terminated", "")


def test_S34_an_event_ends_the_pause_at_once(argo: World) -> None:
    live(argo)
    with stream(argo.server.url) as listening:
        until(lambda: listening.live)
        listening.wait(5)
        threading.Timer(0.3, argo.argocd.store.patch, ["books", touch]).start()
        began = time.monotonic()
        listening.wait(20)
        assert time.monotonic() - began < 10


def touch(application: dict[str, object]) -> None:
    application["spec"]["info"] = [{"name": "touched", "value": "yes"}]  # type: ignore[index]


def test_S34_a_stream_ends_at_any_moment_and_leaves_no_thread(argo: World) -> None:
    live(argo)
    with stream(argo.server.url):
        pass
    with stream("http://127.0.0.1:9"):
        time.sleep(0.1)
    with served(saying(argo)) as server, stream(server.url):
        time.sleep(0.1)
    assert listeners() == []
