"""Everything a delivery talks to, on loopback: Git host, registry, cluster, Argo CD or Flux."""

import json
from pathlib import Path
from typing import Any, Self

import httpx
from ruamel.yaml import YAML

from sandbox import changes, first_image, kept, seed
from sandbox.argocd import Account as ArgoAccount
from sandbox.argocd import ArgoCD
from sandbox.argocd.accounts import api_key
from sandbox.cluster.controller import Cluster
from sandbox.flux import Flux
from sandbox.forge.githost import GitHost, Token
from sandbox.kubernetes.kind import FLUX
from sandbox.kubernetes.server import Kubernetes
from sandbox.kubernetes.store import Objects
from sandbox.registry.access import Account as RegistryAccount
from sandbox.registry.api import Registry
from sandbox.serving import Server

# Nobody can take these for real ones.
SOURCE_TOKEN = "not-a-secret-source-token"  # noqa: S105
GITOPS_TOKEN = "not-a-secret-gitops-token"  # noqa: S105
REGISTRY_ACCOUNT = ("sandbox-pusher", "not-a-secret-password")
ARGOCD_ROLE = "proj:default:gitops-cd"
PORTS = ("git", "registry", "argocd", "staging", "production", "kubernetes")
ENVIRONMENTS = ("staging", "production")


class World:
    """One installation below `home`; a second start there finds what the first one left.

    `engine` is what deploys: `argocd`, the same asked about without its API server
    (`argocd-core`), or `flux`.
    """

    def __init__(self, home: Path, polling: float = 120.0, engine: str = "argocd") -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home, self.engine = home, engine
        self.ports = kept.ports(home / "ports.json", PORTS)
        self.registry_name = f"127.0.0.1:{self.ports['registry']}"
        self.repository = f"{self.registry_name}/parraletz/books-api"
        self.git = GitHost(
            home / "git",
            [
                Token(SOURCE_TOKEN, (seed.APPLICATION,), write=True),
                Token(GITOPS_TOKEN, (seed.GITOPS,), write=True),
            ],
        )
        self.registry = Registry(
            home / "registry", [RegistryAccount(*REGISTRY_ACCOUNT, push=("parraletz",))]
        )
        self.cluster = Cluster(home / "cluster", {self.registry_name: REGISTRY_ACCOUNT})
        self.argocd = ArgoCD(
            self.cluster,
            {self.gitops_url: self.git.path(seed.GITOPS)},
            [ArgoAccount(ARGOCD_ROLE, token=api_key(ARGOCD_ROLE))],
            polling=polling,
        )
        repositories = {self.gitops_url: self.git.path(seed.GITOPS)}
        credentials = {self.registry_name: REGISTRY_ACCOUNT}
        self.flux = Flux(self.cluster, repositories, credentials) if engine == "flux" else None
        objects = self.flux.objects if self.flux else Objects(FLUX)
        self.kubernetes = Kubernetes(self.cluster, objects, self.argocd)
        self.servers: dict[str, Server] = {}

    @property
    def git_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['git']}"

    @property
    def gitops_url(self) -> str:
        return f"{self.git_url}/{seed.GITOPS}.git"

    @property
    def argocd_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['argocd']}"

    def url(self, environment: str) -> str:
        """Where the environment answers."""
        return f"http://127.0.0.1:{self.ports[environment]}"

    def __enter__(self) -> Self:
        apps = {"git": self.git.app, "registry": self.registry.app, "argocd": self.argocd.app,
                "kubernetes": self.kubernetes.app}  # fmt: skip
        try:
            for name, app in apps.items():
                self.servers[name] = Server(app, self.ports[name]).start()
            for environment in ENVIRONMENTS:
                self.cluster.expose(f"books-api-{environment}", self.ports[environment])
            self._seed()
        except OSError as error:
            self.stop()
            taken = ", ".join(map(str, self.ports.values()))
            raise RuntimeError(
                f"a port that this sandbox used before is taken ({taken}): {error.strerror};"
                " end the process that holds it, or `make clean` to start anew"
            ) from None
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End every server and every process of the cluster."""
        if self.flux:
            self.flux.stop()
        self.argocd.stop()
        self.cluster.stop()
        for server in self.servers.values():
            server.stop()

    def _seed(self) -> None:
        done = self.home / "seeded"
        if not done.exists():
            seed.seed(self.git, gitops_url=self.gitops_url, image_repository=self.repository)
            revision = self.git.repositories.commit_at(seed.APPLICATION, "refs/tags/v1.0.0")
            files = {
                name: changes.original(name) for name in ("server.py", "books.json", "package.json")
            }
            first_image.push(self.repository, REGISTRY_ACCOUNT, "1.0.0", files, revision or "")
        if self.flux:
            for file in ("gitops-cf", "staging/books-api", "production/books-api"):
                self.flux.add(self._manifest(f"flux/{file}.yaml"))
        else:
            for environment in ENVIRONMENTS:
                self.argocd.add(self._manifest(f"apps/{environment}/books-api.yaml"))
            if not done.exists():
                self._sync_production()
        done.touch()

    def _manifest(self, path: str) -> dict[str, Any]:
        """A manifest that somebody has applied from the GitOps repository."""
        loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(self.git.read(seed.GITOPS, path))
        return loaded

    def _sync_production(self) -> None:
        """Production is synced by hand; somebody did so for the first version."""
        answer = httpx.post(
            f"{self.argocd_url}/api/v1/applications/books-api-production/sync",
            headers={"Authorization": f"Bearer {api_key(ARGOCD_ROLE)}"},
            json={"project": "default"},
            trust_env=False,
        )
        answer.raise_for_status()

    def newest_subject(self) -> str:
        """Subject of the application's newest commit."""
        return self._log(seed.APPLICATION, "%s")

    def newest_gitops_commit(self, path: str) -> str:
        """SHA of the newest commit that touched a file of the GitOps repository."""
        return self._log(seed.GITOPS, "%H", path)

    def _log(self, name: str, form: str, *paths: str) -> str:
        log = self.git.repositories.git(name, "log", "-1", f"--format={form}", "main", "--", *paths)
        return log.decode().strip()

    def settings(self) -> dict[str, str]:
        """What tells a client of these servers where they are: environment variables."""
        kubeconfig = self.home / "kubeconfig"
        url = f"http://127.0.0.1:{self.ports['kubernetes']}"
        kubeconfig.write_text(json.dumps(self.kubernetes.kubeconfig(url)))
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
            "SLIPWAY_KUBECONFIG": str(kubeconfig),
            "SLIPWAY_PRIVATE_NETWORKS": "127.0.0.0/8",
            "SLIPWAY_SIGNING_KEY": kept.signing_key(self.home / "signing-key.pem"),
        }
