"""A GitOps repository whose production is written by pull request, on a host with GitHub's rules."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.forge.protection import Protection
from sandbox.serving import Fault, Server, served
from slipway import gitops
from slipway.decision import Approval
from slipway.model import Change, Image, Promotion
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch
from slipway.value import Timing
from tests.answers import approval
from tests.contract.killing import Gate

NAME = "acme/gitops-cf"
TOKEN = "tok-9a8b7c-writer"
BRANCH = "slipway/books-api/production"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
VALUES = b"image:\n  repository: ghcr.io/acme/books-api\n  tag: 1.0.0  # release\nreplicas: 2\n"


def a_service(url: str, **rules: Any) -> Service:
    """`rules` are those below `pull_request`; `gate` and `branch` go where they belong."""
    gate = rules.pop("gate", None)
    branch = rules.pop("branch", "main")
    production = {
        "name": "production",
        "write": "pull-request",
        "pull_request": rules,
        "updates": [{"file": "production.yaml", "key": "image.tag"}],
        "application": {"name": "books-api"},
        "smoke": {"url": "https://books.example.com/books"},
    }
    return Service.model_validate({
        "service": "books-api",
        "source": {"repository": "https://github.com/acme/books-api"},
        "image": {"repository": "ghcr.io/acme/books-api"},
        "gitops": {"repository": url, "branch": branch},
        "environments": [production | ({"gate": gate} if gate else {})],
    })  # fmt: skip


def image(version: str = "1.1.0", digest: str = "a") -> Image:
    return Image(
        repository="ghcr.io/acme/books-api",
        version=version,
        digest=f"sha256:{digest * 64}",
        revision="b" * 40,
        builder="docker",
        created=True,
        timing=Timing(started=NOW),
    )


class TooLong(Exception):
    """The step still waits when the test has nothing more to do."""


@dataclass
class Place:
    """The repository, the step, and a clock that moves only when the step sleeps."""

    host: GitHost
    server: Server
    gate: Gate
    rules: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)  # of the settings
    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    @property
    def service(self) -> Service:
        return a_service(f"{self.server.url}/{NAME}", **self.rules)

    @property
    def settings(self) -> Settings:
        known = {"gitops_token": SecretStr(TOKEN), **self.more}
        return Settings(github_api_url=f"{self.server.url}/api/v3", **known)

    def write(
        self, *events: Callable[[], object], version: str = "1.1.0", run: str = "run-1", **more: Any
    ) -> Promotion:
        """Run the step; each time it sleeps, the next event happens. TooLong after the last."""
        waiting, elapsed = list(events), [0.0]

        def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            elapsed[0] += seconds
            if seconds < 2 or elapsed[0] > 1e6:  # a look that follows at once
                return
            if not waiting:
                raise TooLong
            waiting.pop(0)()

        watch = Stopwatch(clock=lambda: elapsed[0], sleep=sleep)
        given: dict[str, Any] = {
            "began": datetime.now(UTC), "approvals": (), "watch": watch,
        } | more  # fmt: skip
        return gitops.write(
            self.service, self.environment, image(version, given.pop("digest", "a")),
            self.settings, run=run, report=self.said.append, **given,
        )  # fmt: skip

    def waits(self, *events: Callable[[], object], **more: Any) -> str:
        """Run the step until it has nothing to do but to wait; what it said last."""
        try:
            self.write(*events, **more)
        except TooLong:
            return self.said[-1]
        raise AssertionError("the step did not wait")

    @property
    def environment(self) -> Any:
        return self.service.environment("production")

    def plan(self, version: str = "1.1.0") -> Change:
        return gitops.plan(self.service, self.environment, image(version), self.settings)

    def approved(self, version: str = "1.1.0", **more: Any) -> Approval:
        known = {
            "reason": "fine", "at": NOW, "version": version, "digest": image(version).digest,
            "fingerprint": self.plan(version).fingerprint,
        }  # fmt: skip
        return approval(**known | more)

    def guard(self, **rules: Any) -> None:
        """Protect `main` as people do: nobody pushes there, and this is asked of a merge."""
        self.host.protect(NAME, "main")
        self.host.guard(NAME, "main", Protection(**rules))

    def merge(self, method: str = "squash", by: str = "leo") -> str:
        return self.host.merge(NAME, self.pull()["number"], method, by)

    def close(self) -> None:
        self.host.github.pulls(NAME).change(self.pull(), {"state": "closed"})

    def reopen(self) -> None:
        self.host.github.pulls(NAME).change(self.pull(), {"state": "open"})

    def commit(self, content: bytes, branch: str = "main", path: str = "production.yaml") -> str:
        return self.host.commit(NAME, branch, {path: content}, "chore: by hand")

    def pulls(self) -> list[dict[str, Any]]:
        """Newest first."""
        return self.host.github.pulls(NAME).all()

    def pull(self) -> dict[str, Any]:
        """The newest one."""
        return self.pulls()[0]

    def git(self, *arguments: str) -> str:
        return self.host.repositories.git(NAME, *arguments).decode().strip()

    def head(self, branch: str = "main") -> str:
        return self.git("rev-parse", f"refs/heads/{branch}")

    def read(self, revision: str = "main") -> bytes:
        return self.host.read(NAME, "production.yaml", revision)

    def subjects(self, branch: str = "main") -> list[str]:
        return self.git("log", "--format=%s", branch).splitlines()

    def fails(self, path: str, status: int, *headers: tuple[str, str], times: int = 1) -> None:
        self.server.traffic.faults.append(
            Fault(path=path, status=status, headers=headers, times=times)
        )

    def writes(self) -> list[str]:
        """What was asked for that changes something; queries of the queue are only questions."""
        reading = ("git-upload-pack", "/api/graphql")
        return [
            f"{r.method} {r.path.rpartition(NAME)[2]}"
            for r in self.server.traffic.writes()
            if not r.path.endswith(reading)
        ]

    def is_one(self, version: str = "1.1.0") -> bool:
        """One pull request, merged; one change on the base; and another run has nothing to do."""
        assert [bool(pull["merged_at"]) for pull in self.pulls()] == [True]
        assert self.read() == VALUES.replace(b"1.0.0", f'"{version}"'.encode())
        changes = self.git("log", "--format=%H", "--first-parent", "main", "--", "production.yaml")
        assert len(changes.splitlines()) == 2, changes
        self.server.traffic.reset()
        self.write(run="another run")
        assert self.writes() == []
        return True


@contextmanager
def a_place(folder: Path, **rules: Any) -> Iterator[Place]:
    """A served host with the repository."""
    host = GitHost(folder / "host", [Token(TOKEN, (NAME,), write=True)])
    host.create(NAME)
    files = {"production.yaml": VALUES, "other.yaml": b"a: 1\n"}
    host.commit(NAME, "main", files, "feat: first", date=NOW - timedelta(days=1))
    gate = Gate(host.app)
    with served(gate) as server:
        yield Place(host, server, gate, rules)


def in_processes(count: int, work: Callable[..., None], *arguments: Any) -> None:
    """The same work in several processes at once; all have to end well."""
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=work, args=(n, *arguments)) for n in range(count)]
    for process in started:
        process.start()
    for process in started:
        process.join(60)
    assert [process.exitcode for process in started] == [0] * count
