"""A released repository on a Git host with GitHub's rules, for the tests of the release step."""

import atexit
import functools
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.forge.repositories import Draft
from sandbox.serving import Server, served
from slipway.model import NothingToRelease, Release, ReleaseProposed
from slipway.release.converge import Outcome, release
from slipway.service import Service
from slipway.settings import Settings
from tests.contract.killing import Gate

NAME = "acme/shop"
WRITER = Token("writer-token", (NAME,), write=True)
READER = Token("reader-token", (NAME,), write=False)
DATA = Path(__file__).parent.parent / "data"
START = datetime(2026, 1, 12, 8, tzinfo=UTC)
PACKAGE = b'{\n  "name": "shop",\n  "version": "1.0.0",\n  "engines": {"version": "1.0.0"}\n}\n'
CHANGELOG = b"# Changelog\n\n## 1.0.0 (2026-01-12)\n\n\n### Features\n\n* start\n"


@dataclass
class Place:
    """A released repository, and Slipway's view of it."""

    host: GitHost
    server: Server
    gate: Gate
    stamp: tuple[str, ...] = ("package.json",)
    rules: dict[str, Any] = field(default_factory=dict)  # more of `release` in the service file
    branch: str = "main"
    token: Token = WRITER
    clock: datetime = field(default=START)

    @property
    def service(self) -> Service:
        service = a_service(f"{self.server.url}/{NAME}", self.stamp, **self.rules)
        source = service.source.model_copy(update={"branch": self.branch})
        return service.model_copy(update={"source": source})

    @property
    def settings(self) -> Settings:
        return Settings(
            github_api_url=f"{self.server.url}/api/v3", source_token=SecretStr(self.token.value)
        )

    def release(self, run: str = "run-1") -> Outcome:
        return release(self.service, self.settings, run)

    def proposed(self, run: str = "run-1") -> ReleaseProposed:
        result = self.release(run)
        assert isinstance(result, ReleaseProposed), result
        return result

    def nothing(self, run: str = "run-1") -> NothingToRelease:
        result = self.release(run)
        assert isinstance(result, NothingToRelease), result
        return result

    def made(self, run: str = "run-1") -> Release:
        result = self.release(run)
        assert isinstance(result, Release), result
        return result

    def commit(
        self,
        message: str,
        files: dict[str, bytes] | None = None,
        branch: str = "main",
        tag: str = "",
    ) -> str:
        self.clock += timedelta(minutes=1)
        draft = Draft(message, files or {}, self.clock, tag=tag)
        return self.host.repositories.write(NAME, branch, [draft])

    def bump(self, version: str, tag: str = "", subject: str = "") -> str:
        """A release commit made by other means."""
        package = PACKAGE.replace(b'n": "1.0.0",', f'n": "{version}",'.encode())
        return self.commit(
            subject or f"chore(main): release {version}", {"package.json": package}, tag=tag
        )

    def git(self, *arguments: str) -> str:
        return self.host.repositories.git(NAME, *arguments).decode().strip()

    def head(self) -> str:
        return self.git("rev-parse", "refs/heads/main")

    def tagged(self, tag: str) -> str:
        return self.git("rev-parse", f"refs/tags/{tag}^{{commit}}")

    def refs(self) -> str:
        return self.git("show-ref")

    def pages(self) -> list[str]:
        return [entry["tag_name"] for entry in self.host.github.ledger.releases(NAME)]

    def pulls(self) -> list[dict[str, Any]]:
        """The pull requests as the forge holds them, newest first."""
        return self.host.github.pulls(NAME).all()

    def pull(self, number: int) -> dict[str, Any]:
        [found] = [each for each in self.pulls() if each["number"] == number]
        return found

    def change_pull(self, number: int, **given: Any) -> None:
        """Another title, body or state, by a person."""
        self.host.github.pulls(NAME).change(self.pull(number), given)

    def merge(self, number: int, method: str = "merge") -> None:
        self.host.merge(NAME, number, method)

    def page(self, tag: str, draft: bool = False) -> None:
        """Make a release page by other means."""
        a_page(self.host, tag, draft)

    def writes(self) -> list[str]:
        return [
            f"{r.method} {r.path}"
            for r in self.server.traffic.writes()
            if not r.path.endswith("git-upload-pack")
        ]

    def is_finished(self, version: str) -> bool:
        """One commit, one tag, one page, and another run finds nothing to write."""
        self.server.traffic.reset()
        assert isinstance(self.release("another run"), NothingToRelease)
        assert self.writes() == []
        subjects = re.sub(r" \(#\d+\)", "", self.git("log", "--format=%s", "main")).splitlines()
        assert subjects.count(f"chore(main): release {version}") == 1
        assert self.pages().count(f"v{version}") == 1
        assert self.git("show", f"v{version}:package.json") == PACKAGE.decode().strip().replace(
            'n": "1.0.0",', f'n": "{version}",'
        )
        return True


def a_page(host: GitHost, tag: str, draft: bool = False) -> None:
    when = "2026-01-12T08:00:00Z"
    entry = {"tag_name": tag, "target_commitish": "main", "name": tag, "body": "", "draft": draft,
             "prerelease": False, "created_at": when, "published_at": None}  # fmt: skip
    host.github.ledger.save_release(NAME, entry)


def a_service(url: str, stamp: tuple[str, ...] = ("package.json",), **rules: Any) -> Service:
    environment = {
        "name": "staging",
        "updates": [{"file": "values.yaml", "key": "image.tag"}],
        "application": {"name": "shop"},
        "smoke": {"url": "https://shop.example.com/"},
    }
    return Service.model_validate(
        {
            "service": "shop",
            "source": {"repository": url},
            "release": {"mode": "commit", "stamp": stamp, **rules},
            "image": {"repository": "registry.example.com/acme/shop"},
            "gitops": {"repository": "https://git.example.com/acme/gitops"},
            "environments": [environment],
        }
    )


@functools.cache
def released() -> Path:
    """Folder of a host with one released repository; each test works on a copy."""
    folder = Path(tempfile.mkdtemp(prefix="slipway-released-"))
    atexit.register(shutil.rmtree, folder)
    host = GitHost(folder, [WRITER])
    host.create(NAME)
    files = {"package.json": PACKAGE, "CHANGELOG.md": CHANGELOG}
    first = Draft("chore(main): release 1.0.0", files, START, tag="v1.0.0")
    host.repositories.write(NAME, "main", [first])
    a_page(host, "v1.0.0")
    return folder


@contextmanager
def a_place(folder: Path) -> Iterator[Place]:
    """A served copy of the released repository."""
    host = GitHost(shutil.copytree(released(), folder / "host"), [WRITER, READER])
    gate = Gate(host.app)
    with served(gate) as server:
        yield Place(host, server, gate)


def void(_value: object) -> None:
    """Make a callback's value nothing."""
