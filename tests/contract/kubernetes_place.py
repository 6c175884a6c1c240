"""A kubeconfig for a server on loopback, and a server that says what a test wants."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from sandbox.serving import Receive, Scope, Send, served
from slipway.clients.kubernetes import Client, connect
from slipway.settings import Settings

TOKEN = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"


def kubeconfig(folder: Path, server: str, token: str = TOKEN, **user: Any) -> Path:
    """A file with one cluster, user and context `here`, namespace argocd."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "here", "user": user or {"token": token}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(content))  # JSON is YAML
    return path


def settings(folder: Path, server: str, token: str = TOKEN, **user: Any) -> Settings:
    return Settings(kubeconfig=str(kubeconfig(folder, server, token, **user)))


@dataclass
class Said:
    """Gives its answers in turn, then the last one again; remembers what was asked."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def say(self, status: int, value: Any, **headers: str) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        kind = "text/plain" if isinstance(value, bytes) else "application/json"
        told = {"content-type": kind} | {k.replace("_", "-"): v for k, v in headers.items()}
        self.answers.append((status, told, body))

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        query = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
        self.asked.append(
            {"method": scope["method"], "path": scope["raw_path"].decode(), "query": query}
            | {"headers": headers, "body": json.loads(body) if body else None}
        )
        status, told, content = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        raw = [(k.encode(), v.encode()) for k, v in told.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})


def status(code: int, reason: str, message: str, **details: Any) -> dict[str, Any]:
    """The object that the API server sends with an error."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "metadata": {}}
    return told | {"code": code, "reason": reason, "message": message, "details": details}


@contextmanager
def saying(folder: Path) -> Iterator[tuple[Said, Client]]:
    said = Said()
    with served(said.app) as server, connect(settings(folder, server.url)) as client:
        yield said, client
