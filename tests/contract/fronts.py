"""Registries that redirect, lie or delegate: apps in front of the stand-in."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

from pydantic import SecretStr

from sandbox.serving import Asgi, Message, Receive, Scope, Send, Server
from slipway.clients.oci import OCI_MANIFEST, Blob, Manifest, digest_of
from slipway.clients.registry import Repository
from slipway.settings import Settings

NAME = "team/shop"
PASSWORD = "not-a-real-secret"


@dataclass
class Changed:
    """An app in front of the stand-in that changes what a test wants, and keeps the headers."""

    inner: Asgi
    ask: Callable[[Scope, dict[str, str]], None] = lambda scope, headers: None
    answer: Callable[[Scope, Message, dict[str, str]], None] = lambda scope, start, headers: None
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        self.seen.append((scope["method"], scope["path"], dict(headers)))
        self.ask(scope, headers)
        scope["headers"] = [(k.encode(), v.encode()) for k, v in headers.items()]

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {k.decode().lower(): v.decode() for k, v in message["headers"]}
                self.answer(scope, message, told)
                message["headers"] = [(k.encode(), v.encode()) for k, v in told.items()]
            await send(message)

        await self.inner(scope, receive, tell)


def redirecting(port: int, content: bytes) -> Asgi:
    """Sends readers of a blob to another host name, and is that host too."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        here = dict(scope["headers"])[b"host"].startswith(b"localhost")
        place = f"http://localhost:{port}/file".encode()
        headers = [] if here else [(b"location", place)]
        start = {"type": "http.response.start", "status": 200 if here else 307, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": content if here else b""})

    return app


@dataclass
class TokenService:
    """Makes the stand-in one that sends its clients for a token, to `realm`."""

    realm: str = ""
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    issued: int = 0

    def wrap(self, inner: Asgi) -> Asgi:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            headers = dict(scope["headers"])
            authorization = headers.get(b"authorization", b"").decode()
            if scope["path"] == "/token":
                self.asked.append((authorization, parse_qs(scope["query_string"].decode())))
                self.issued += 1
                body = json.dumps({"token": f"token-{self.issued}"}).encode()
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": body})
            elif authorization != f"Bearer token-{self.issued}":
                challenge = f'Bearer realm="{self.realm}",service="shelf",scope="repository:a:pull"'
                told = [(b"www-authenticate", challenge.encode())]
                await send({"type": "http.response.start", "status": 401, "headers": told})
                await send({"type": "http.response.body", "body": b""})
            else:
                basic = base64.b64encode(f"robot:{PASSWORD}".encode())
                headers[b"authorization"] = b"Basic " + basic
                await inner({**scope, "headers": list(headers.items())}, receive, send)

        return app


def settings(server: Server, password: str = PASSWORD) -> Settings:
    update = {
        "registry_username": "robot",
        "registry_password": SecretStr(password),
        "plain_http_registries": (f"127.0.0.1:{server.port}", f"localhost:{server.port}"),
    }
    return Settings().model_copy(update=update)


def blob(folder: Path, content: bytes) -> Blob:
    path = folder / digest_of(content)[7:17]
    path.write_bytes(content)
    return Blob.of(path)


def push(repository: Repository, folder: Path, tag: str = "1.0.0", content: bytes = b"x") -> str:
    config, layer = blob(folder, b'{"config": {}}'), blob(folder, content)
    for item in (config, layer):
        repository.upload(item)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": "a/b", "digest": config.digest, "size": config.size},
        "layers": [{"mediaType": "a/b", "digest": layer.digest, "size": layer.size}],
    }
    manifest = Manifest(OCI_MANIFEST, json.dumps(document).encode())
    repository.put(manifest, tag)
    return manifest.digest
