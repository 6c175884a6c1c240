"""A Git host with a service's source and a registry for its image, for tests of the build step."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from sandbox.forge.githost import GitHost, Token
from sandbox.registry.api import Account, Registry
from sandbox.serving import Server, served
from slipway.build import build
from slipway.model import Image, Release
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Timing
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import DOCKERFILE, settings_for
from tests.contract.killing import Gate

NAME = "team/books-api"
FILES = {
    "api/Dockerfile": DOCKERFILE.encode(),
    "api/server.py": b"print('books')\n",
    "api/.env": b"TOKEN=x\n",
    "README.md": b"outside of source.path\n",
}


@dataclass
class World:
    """A Git host with the source, a registry, and who we are in both."""

    git: GitHost
    git_url: str
    server: Server
    settings: Settings
    login: RegistryLogin
    gate: Gate  # before the registry
    builder: str = "layer"
    latest: bool = False
    args: tuple[tuple[str, str], ...] = ()

    @property
    def service(self) -> Service:
        return Service.model_validate(
            {
                "service": "books-api",
                "source": {"repository": f"{self.git_url}/acme/books", "path": "api"},
                "image": {
                    "repository": f"{self.login.address}/{NAME}",
                    "builder": self.builder,
                    "latest": self.latest,
                    "args": self.args,
                    "layer": {"command": ["python", "server.py"]},
                },
                "gitops": {"repository": f"{self.git_url}/acme/gitops"},
                "environments": [
                    {
                        "name": "staging",
                        "updates": [{"file": "values.yaml", "key": "image.tag"}],
                        "application": {"name": "books-api"},
                        "smoke": {"url": "http://127.0.0.1:1/books"},
                    }
                ],
            }
        )

    def commit(self, text: str = "one") -> Release:
        """A new commit on `main`, as the release of 1.2.0."""
        files = {**FILES, "api/text": text.encode()}
        date = datetime(2026, 11, 3, 12, tzinfo=UTC)
        return release(self.git.commit("acme/books", "main", files, f"feat: {text}", date=date))

    def build(self, wanted: Release) -> Image:
        return build(self.service, wanted, self.settings)

    def pushes(self) -> list[str]:
        """Paths of the manifests that were written."""
        written = [r for r in self.server.traffic.writes() if r.status == 201]
        return [r.path for r in written if "/manifests/" in r.path]


def release(sha: str, version: str = "1.2.0") -> Release:
    return Release(
        service="books-api", version=version, tag=f"v{version}", sha=sha, previous=None,
        commits=(), notes="", url="", created=True, timing=Timing(started=datetime.now(UTC)),
    )  # fmt: skip


@contextmanager
def a_world(folder: Path) -> Iterator[World]:
    """A world whose servers run until the block ends."""
    git = GitHost(folder / "git", [Token("git-secret", ("acme/books",), write=False)])
    git.create("acme/books")
    registry = Registry(folder / "registry", [Account("robot", "secret-word", push=("team",))])
    gate = Gate(registry.app)
    with served(git.app) as git_server, served(gate) as server:
        login = RegistryLogin(f"127.0.0.1:{server.port}", "robot", "secret-word")
        settings = settings_for(login, source_token=SecretStr("git-secret"))
        yield World(git, git_server.url, server, settings, login, gate)
