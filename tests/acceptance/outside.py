"""What came to be outside: counted in the repositories and in the requests the stand-ins saw."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import httpx

from sandbox import seed
from sandbox.world import World
from slipway.ledger.entries import Ledger
from slipway.ledger.files import ledger
from slipway.ledger.store import REF


class Effects(NamedTuple):
    """Every change a delivery may make, and how often it was made."""

    tags: tuple[str, ...]  # those that name the run
    pages: int  # releases made on the forge
    images: Counter[str]  # manifests stored as images in the registry, by tag
    charts: Counter[str]  # and as charts
    commits: tuple[str, ...]  # subjects of the GitOps commits that name the run, oldest first
    pushes: int  # to the GitOps repository, by anybody; those of the ledger are not counted
    syncs: Counter[str]  # asked of Argo CD, by application


class Outside:
    """Looks at the stand-ins of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def effects(self, run: str) -> Effects:
        """What is there now, and what was asked for since the beginning."""
        git, registry, argocd = (
            [
                (r.method, r.path)
                for r in self._world.servers[name].traffic.requests
                if r.status < 300
            ]
            for name in ("git", "registry", "argocd")
        )
        return Effects(
            tags=self.tags(run),
            pages=git.count(("POST", f"/api/v3/repos/{seed.APPLICATION}/releases")),
            images=_stored(registry, seed.APPLICATION),
            charts=_stored(registry, "parraletz/charts/books-api"),
            commits=self.commits(run),
            pushes=sum(
                method == "POST" and path.startswith(f"/{seed.GITOPS}") and "receive-pack" in path
                for method, path in git
            )
            - self.ledger_commits(),
            syncs=Counter(
                path.split("/")[-2]
                for method, path in argocd
                if method == "POST" and path.endswith("/sync")
            ),
        )

    def tags(self, run: str) -> tuple[str, ...]:
        form = "--format=%(refname:short)%00%(contents)%01"
        text = self._git(seed.APPLICATION, "for-each-ref", form, "refs/tags").split("\x01")
        found = (entry.strip().partition("\x00") for entry in text)
        return tuple(name for name, _, message in found if run in message)

    def commits(self, run: str) -> tuple[str, ...]:
        log = ("log", "--branches", "--reverse", "--format=%s", "--fixed-strings", f"--grep={run}")
        return tuple(self._git(seed.GITOPS, *log).splitlines())

    def shown(self, run: str) -> list[tuple[str, list[str], str]]:
        """A run's deployments at the forge: environment, states in their order, address."""
        found = self._world.git.github.ledger.entries(seed.APPLICATION, "deployments")
        return [
            (
                each["environment"],
                [state["state"] for state in each["states"]],
                each["states"][0]["environment_url"],
            )
            for each in found
            if each["payload"] == {"slipway_run": run}
        ]

    def statuses(self, sha: str) -> dict[str, str]:
        """The newest state of each context of an application's commit."""
        found = self._world.git.github.ledger.statuses(seed.APPLICATION, sha)
        return {status["context"]: status["state"] for status in reversed(found)}

    def ledger_commits(self) -> int:
        """How often something was written into the ledger."""
        return len(self._git(seed.GITOPS, "for-each-ref", REF)) and int(
            self._git(seed.GITOPS, "rev-list", "--count", REF)
        )

    def ledger(self) -> Ledger:
        """What the ledger says about the sample service."""
        names = self._git(seed.GITOPS, "ls-tree", "-r", "--name-only", REF, "books/").split()
        texts = {
            name: self._world.git.repositories.git(seed.GITOPS, "cat-file", "blob", f"{REF}:{name}")
            for name in names
        }
        return ledger("books", texts)

    def page(self, version: str) -> str:
        """The notes of a release, as its page shows them."""
        pages = self._world.git.github.ledger.releases(seed.APPLICATION)
        return next(str(page["body"]) for page in pages if page["tag_name"] == f"v{version}")

    def message(self, run: str, environment: str) -> str:
        """Message of the run's GitOps commit for an environment."""
        subject = f"chore({environment})"
        log = (
            "log",
            "--all",
            "--all-match",
            "--fixed-strings",
            f"--grep={run}",
            f"--grep={subject}",
        )
        return self._git(seed.GITOPS, *log, "--format=%B")

    def version(self, environment: str) -> str:
        """The version that answers now."""
        return str(httpx.get(self._world.url(environment), trust_env=False).json()["version"])

    def _git(self, name: str, *arguments: str) -> str:
        return self._world.git.repositories.git(name, *arguments).decode()


def _stored(requests: Iterable[tuple[str, str]], name: str) -> Counter[str]:
    """Manifests stored in a repository of the registry, by tag."""
    prefix = f"/v2/{name}/manifests/"
    return Counter(
        path.removeprefix(prefix)
        for method, path in requests
        if method == "PUT" and path.startswith(prefix)
    )
