"""One installation whose every server is a process of its own, so that each can be killed.

Everything that must outlive a kill lies below `home`: repositories, the forge's ledger, blobs, what
the cluster was asked to run, Prefect's database and its results.
"""

import sys
from pathlib import Path
from typing import Any

import httpx

from sandbox import changes, first_image, kept, seed
from sandbox.argocd.accounts import api_key
from sandbox.forge.githost import GitHost, Token
from sandbox.processes import Process, bare_environment
from sandbox.registry.store import Store
from sandbox.world import (
    ARGOCD_ROLE,
    ENVIRONMENTS,
    GITOPS_TOKEN,
    PORTS,
    REGISTRY_ACCOUNT,
    SOURCE_TOKEN,
)

STAND_INS = ("git", "registry", "engine")  # the engine is Argo CD with its cluster and their state


class Place:
    """Where everything lies and listens; looks at it from outside, past every server."""

    engine, flux = "argocd", None  # what service files are written for

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.ports = kept.ports(home / "ports.json", PORTS)
        self.registry_name = f"127.0.0.1:{self.ports['registry']}"
        self.repository = f"{self.registry_name}/parraletz/books-api"
        self.git_url = f"http://127.0.0.1:{self.ports['git']}"
        self.gitops_url = f"{self.git_url}/{seed.GITOPS}.git"
        self.argocd_url = f"http://127.0.0.1:{self.ports['argocd']}"
        self.git = GitHost(home / "git", tokens())

    def url(self, environment: str) -> str:
        """Where the environment answers."""
        return f"http://127.0.0.1:{self.ports[environment]}"

    def stand_in(self, name: str) -> Process:
        """The process of one of them, not started."""
        command = [sys.executable, "-m", "tests.crash.stand_in", name, str(self.home)]
        return Process(name, command, bare_environment(), self.home / "logs")

    def answers(self, name: str) -> bool:
        """Whether a stand-in accepts requests."""
        urls = {"git": self.git_url, "registry": f"http://{self.registry_name}/v2/",
                "engine": f"{self.argocd_url}/api/version"}  # fmt: skip
        try:
            httpx.get(urls[name], trust_env=False, timeout=5)
        except httpx.TransportError:
            return False
        return True

    def seed_repositories(self) -> None:
        seed.seed(self.git, gitops_url=self.gitops_url, image_repository=self.repository)

    def seed_image(self) -> None:
        """Needs the registry."""
        revision = self.git.repositories.commit_at(seed.APPLICATION, "refs/tags/v1.0.0")
        files = {
            name: changes.original(name) for name in ("server.py", "books.json", "package.json")
        }
        first_image.push(self.repository, REGISTRY_ACCOUNT, "1.0.0", files, revision or "")

    def sync_production(self) -> None:
        """Needs the engine; production is synced by hand."""
        self.argocd("POST", "books-api-production/sync", {"project": "default"})

    def argocd(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx.request(
            method,
            f"{self.argocd_url}/api/v1/applications/{path}",
            headers={"Authorization": f"Bearer {api_key(ARGOCD_ROLE)}"},
            json=body,
            trust_env=False,
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json()

    def settings(self) -> dict[str, str]:
        """The worker's environment variables."""
        return {
            "SLIPWAY_SERVICES": str(self.home / "services"),
            "SLIPWAY_GITHUB_API_URL": f"{self.git_url}/api/v3",
            "SLIPWAY_SOURCE_TOKEN": SOURCE_TOKEN,
            "SLIPWAY_GITOPS_TOKEN": GITOPS_TOKEN,
            "SLIPWAY_REGISTRY_USERNAME": REGISTRY_ACCOUNT[0],
            "SLIPWAY_REGISTRY_PASSWORD": REGISTRY_ACCOUNT[1],
            "SLIPWAY_PLAIN_HTTP_REGISTRIES": self.registry_name,
            "SLIPWAY_ARGOCD_URL": self.argocd_url,
            "SLIPWAY_ARGOCD_TOKEN": api_key(ARGOCD_ROLE),
            "SLIPWAY_PRIVATE_NETWORKS": "127.0.0.0/8",
            "SLIPWAY_SIGNING_KEY": kept.signing_key(self.home / "signing-key.pem"),
        }

    # A look from outside

    def in_git(self, name: str, *arguments: str) -> str:
        return self.git.repositories.git(name, *arguments).decode()

    def store(self) -> Store:
        """What the registry holds. Making it empties the folder of what is on its way in."""
        return Store(self.home / "registry")

    def version(self, environment: str) -> str:
        """The version that answers now; empty while none does."""
        try:
            answer = httpx.get(self.url(environment), trust_env=False, timeout=10)
        except httpx.TransportError:
            return ""
        return str(answer.json()["version"]) if answer.is_success else ""


def tokens() -> list[Token]:
    return [
        Token(SOURCE_TOKEN, (seed.APPLICATION,), write=True),
        Token(GITOPS_TOKEN, (seed.GITOPS,), write=True),
    ]


__all__ = ["ENVIRONMENTS", "STAND_INS", "Place", "tokens"]
