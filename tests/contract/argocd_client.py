"""How the tests of the Argo CD client connect, and a server that knows one answer."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from sandbox.serving import Asgi, Receive, Scope, Send
from slipway.clients.argocd import Client, connect
from slipway.settings import Settings
from tests.contract.argocd_world import ROBOT


@contextmanager
def client(url: str, token: str = ROBOT.token) -> Iterator[Client]:
    with connect(Settings(argocd_url=url, argocd_token=SecretStr(token))) as found:
        yield found


def canned(status: int, body: str, kind: str = "application/json", **headers: str) -> Asgi:
    """An app that always gives the same answer."""
    fields = {"content-type": kind, **headers}.items()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        raw = [(name.encode(), value.encode()) for name, value in fields]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body.encode()})

    return answer
