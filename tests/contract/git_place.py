"""A repository on a Git host that speaks smart HTTP, and how the client gets at it."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Server, served
from slipway.clients.git import Author, Clone, cloned

NAME = "acme/gitops"
TOKEN = "tok-51f1a6-writer"
READER = "tok-77c2d0-reader"
AUTHOR = Author("Slipway", "slipway@example.com")
DATE = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MAIN = "refs/heads/main"
FILES = {"values.yaml": b"image:\n  tag: 1.0.0\n", "apps/a.yaml": b"a: 1\n", "run": b"#!/bin/sh\n"}


@dataclass
class Desk:
    """A repository on a host, and how the client gets at it."""

    host: GitHost
    server: Server

    @property
    def url(self) -> str:
        return f"{self.server.url}/{NAME}.git"

    def cloned(
        self,
        token: str | None = TOKEN,
        *,
        depth: int | None = 1,
        tags: bool = False,
        sparse: bool = False,
    ) -> AbstractContextManager[Clone]:
        secret = SecretStr(token) if token else None
        return cloned(self.url, "main", secret, depth=depth, tags=tags, sparse=sparse)

    def commit(self, files: dict[str, bytes] | None = None, message: str = "chore: other") -> str:
        return self.host.commit(NAME, "main", files or {"other.txt": os.urandom(4)}, message)

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return self.host.repositories.git(NAME, *arguments, stdin=stdin).decode().strip()

    def add_entry(self, mode: str, name: str, content: bytes) -> str:
        """Commit a tree entry that no ordinary commit makes: a link, an executable, a submodule."""
        oid = self.git("hash-object", "-w", "--stdin", stdin=content)
        kind = "commit" if mode == "160000" else "blob"
        oid = self.git("rev-parse", "main") if mode == "160000" else oid
        listing = self.git("ls-tree", "main").encode() + f"\n{mode} {kind} {oid}\t{name}\n".encode()
        tree = self.git("mktree", stdin=listing)
        who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
        sha = self.git(*who, "commit-tree", tree, "-p", "main", "-m", "chore: entry")
        self.git("update-ref", MAIN, sha)
        return sha


@contextmanager
def a_desk(folder: Path) -> Iterator[Desk]:
    """The desk with its server running."""
    tokens = [Token(TOKEN, (NAME,), write=True), Token(READER, (NAME,), write=False)]
    host = GitHost(folder / "host", tokens)
    host.create(NAME)
    host.commit(NAME, "main", FILES, "feat: first\n\nwith a body")
    with served(host.app) as server:
        yield Desk(host, server)


def change(clone: Clone, text: bytes = b"image:\n  tag: 2.0.0\n") -> str:
    return clone.commit(clone.head, {"values.yaml": text}, "chore: 2.0.0", AUTHOR, DATE)
