"""Why it failed: told with the verdict, within seconds, and never instead of it."""

import json
import time

import pytest

from sandbox.serving import Asgi, Fault, Receive, Scope, Send, served
from slipway.errors import NotProven
from tests.contract.argocd_world import World
from tests.contract.sample_image import CRASHING, layer
from tests.contract.sync_wait import live, wait

SECRET = "ghp_" + "a1B2" * 9
LINES = ["listening", f"Authorization: Bearer {SECRET}", "\x1b[31mfatal\x1b[0m: no database"]


def with_log(argo: World, status: int = 200) -> Asgi:
    """The stand-in, and what a container has said."""
    entries = [{"content": line, "podName": "books", "last": False} for line in LINES]
    entries.append({"last": True})
    body = "".join(json.dumps({"result": entry}) + "\n" for entry in entries)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].endswith("/logs"):
            await argo.argocd.app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    return answer


def crash(argo: World) -> str:
    argo.images.push("1.1.0-crash", layer({"app/server.py": CRASHING}))
    return argo.push_values("1.1.0-crash")


def test_S36_a_failure_has_the_pods_reason_its_events_its_log_and_a_link(argo: World) -> None:
    live(argo)
    revision = crash(argo)
    with served(with_log(argo)) as server:
        waiting = wait(argo, revision, "1.1.0-crash", grace=3)
        waiting.url = server.url
        with pytest.raises(NotProven) as failed:
            waiting()
        [asked] = {r.query for r in server.traffic.requests if r.path.endswith("/logs")}
    said = failed.value.message
    assert "CrashLoopBackOff" in said
    assert "BackOff: " in said
    assert "fatal" in said
    assert "no database" in said
    assert SECRET not in said
    assert "\x1b" not in said
    assert f"{server.url}/applications/books" in failed.value.hint
    assert {"project=default", "namespace=books", "tailLines=10"} <= set(asked.split("&"))


def test_S36_a_log_that_may_not_be_read_leaves_the_rest(argo: World) -> None:
    live(argo)
    revision = crash(argo)
    with served(with_log(argo, status=403)) as server:
        waiting = wait(argo, revision, "1.1.0-crash", grace=3)
        waiting.url = server.url
        with pytest.raises(NotProven, match="CrashLoopBackOff") as failed:
            waiting()
    assert "no database" not in failed.value.message


def test_S36_a_server_that_is_slow_takes_at_most_ten_seconds_more(argo: World) -> None:
    live(argo)
    argo.argocd.delays.retry = 0.05
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    revision = argo.push_image("1.1.0")
    slow = wait(argo, revision, "1.1.0")
    faults = [Fault(path=part, delay=60, times=-1) for part in ("tree", "events", "logs")]

    def hang(sentence: str) -> None:
        argo.server.traffic.faults[:] = faults

    slow.on_report = hang
    began = time.monotonic()
    with pytest.raises(NotProven, match="exceeded quota: pods"):
        slow()
    assert time.monotonic() - began < 20


def test_S36_what_is_out_of_sync_is_named(argo: World) -> None:
    live(argo)
    argo.argocd.delays.retry = 0.05
    argo.cluster.refusals["books"] = "exceeded quota: pods"
    with pytest.raises(NotProven, match="out of sync: Deployment/books"):
        wait(argo, argo.push_image("1.1.0"), "1.1.0")()
