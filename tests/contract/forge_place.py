"""A Git host with one repository and a branch beside `main`, for tests of pull requests and CI."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Fault, Receive, Scope, Send, Server, served
from slipway.clients.github import GitHub
from tests.contract.github_description import checked

NAME = "acme/shop"
BRANCH = "release"
WRITER = Token("writer-token", (NAME,), write=True)
READER = Token("reader-token", (NAME,), write=False)
CHECKLESS = Token("fine-grained-token", (NAME,), write=True, denies=("checks",))
ACTIONLESS = Token("no-actions-token", (NAME,), write=True, denies=("actions",))
SILENT = Token("silent-token", (NAME,), write=True, denies=("deployments", "statuses"))
BLIND = Token("blind-token", (NAME,), write=True, denies=("checks", "statuses", "actions"))


@dataclass
class Forge:
    """The host, and two ways to ask it: in plain HTTP and with Slipway's client."""

    host: GitHost
    server: Server
    before: Callable[[Scope], None] = lambda _scope: None  # sees each request, ahead of the host

    @property
    def api(self) -> str:
        return f"{self.server.url}/api/v3"

    def call(
        self, method: str, path: str, body: Any = None, token: Token = WRITER
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.value}"}
        url = path if path.startswith("http") else f"{self.api}/repos/{NAME}{path}"
        return checked(httpx.request(method, url, headers=headers, json=body))

    def client(self, token: Token = WRITER) -> GitHub:
        return GitHub(self.api, f"{self.server.url}/{NAME}.git", SecretStr(token.value))

    def attached(self, release: int, name: str, content: bytes) -> None:
        """Somebody else attaches a file, past the API."""
        entry = {"release": release, "name": name, "state": "uploaded", "size": len(content),
                 "digest": f"sha256:{hashlib.sha256(content).hexdigest()}"}  # fmt: skip
        self.host.github.ledger.save(NAME, "assets", entry)

    def released(self, tag: str, notes: str) -> None:
        """Somebody else publishes a release, past the API."""
        when = "2026-01-12T08:00:00Z"
        entry = {"tag_name": tag, "target_commitish": "main", "name": tag, "body": notes,
                 "draft": False, "prerelease": False, "created_at": when,
                 "published_at": when}  # fmt: skip
        self.host.github.ledger.save_release(NAME, entry)

    def commit(self, branch: str, text: str = "x", path: str = "a.txt", message: str = "") -> str:
        files = {path: f"{text}\n".encode()}
        return self.host.commit(NAME, branch, files, message or f"feat: {text}")

    def git(self, *arguments: str) -> str:
        return self.host.repositories.git(NAME, *arguments).decode().strip()

    def branch(self, name: str = BRANCH, at: str = "main") -> None:
        """Make a branch, or move it."""
        self.git("update-ref", f"refs/heads/{name}", at)

    def head(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"refs/heads/{branch}")

    def fails(self, path: str, status: int, *headers: tuple[str, str], times: int = 1) -> None:
        """Requests for that path are answered with the status, or with nothing at all for 0."""
        self.server.traffic.faults.append(
            Fault(path=path, status=status, drop=not status, headers=headers, times=times)
        )

    def lose_answer(self, method: str, path: str) -> None:
        self.server.traffic.faults.append(Fault(method=method, path=path, lose_answer=True))

    def writes(self) -> list[str]:
        path = f"/repos/{NAME}"
        return [f"{r.method} {r.path.partition(path)[2]}" for r in self.server.traffic.writes()]


@contextmanager
def a_forge(folder: Path) -> Iterator[Forge]:
    """A served host with the commits `main` and, one commit further, `release`."""
    host = GitHost(folder / "host", [WRITER, READER, CHECKLESS, ACTIONLESS, BLIND, SILENT])
    host.create(NAME)
    place: list[Forge] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        place[0].before(scope)
        await host.app(scope, receive, send)

    with served(app) as server:
        place.append(forge := Forge(host, server))
        forge.commit("main", "first")
        forge.branch()
        forge.commit(BRANCH, "second", "b.txt", "chore(main): release 1.1.0\n\nNotes.")
        yield forge
