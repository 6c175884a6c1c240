"""A Git host with one repository and a branch beside `main`, for tests of pull requests and CI."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Server, served
from slipway.clients.github import GitHub

NAME = "acme/shop"
BRANCH = "release"
WRITER = Token("writer-token", (NAME,), write=True)
READER = Token("reader-token", (NAME,), write=False)
CHECKLESS = Token("fine-grained-token", (NAME,), write=True, denies=("checks",))
BLIND = Token("blind-token", (NAME,), write=True, denies=("checks", "statuses", "actions"))


@dataclass
class Forge:
    """The host, and two ways to ask it: in plain HTTP and with Slipway's client."""

    host: GitHost
    server: Server

    @property
    def api(self) -> str:
        return f"{self.server.url}/api/v3"

    def call(
        self, method: str, path: str, body: Any = None, token: Token = WRITER
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token.value}"}
        url = path if path.startswith("http") else f"{self.api}/repos/{NAME}{path}"
        return httpx.request(method, url, headers=headers, json=body)

    def client(self, token: Token = WRITER) -> GitHub:
        return GitHub(self.api, f"{self.server.url}/{NAME}.git", SecretStr(token.value))

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

    def writes(self) -> list[str]:
        path = f"/repos/{NAME}"
        return [f"{r.method} {r.path.partition(path)[2]}" for r in self.server.traffic.writes()]


@contextmanager
def a_forge(folder: Path) -> Iterator[Forge]:
    """A served host with the commits `main` and, one commit further, `release`."""
    host = GitHost(folder / "host", [WRITER, READER, CHECKLESS, BLIND])
    host.create(NAME)
    with served(host.app) as server:
        forge = Forge(host, server)
        forge.commit("main", "first")
        forge.branch()
        forge.commit(BRANCH, "second", "b.txt", "chore(main): release 1.1.0\n\nNotes.")
        yield forge
