"""One world, delivered to through each of the engines: what the suite over all of them needs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import SecretStr

from sandbox.kubernetes.access import ADMIN, Account, Rule
from sandbox.serving import Fault, Traffic
from slipway.engines.interface import Engine, engine_for
from slipway.service import Application, GitOps
from slipway.settings import Settings
from tests.contract.argocd_world import GITOPS, ROBOT, STRANGER, World, running
from tests.contract.sample_image import Pushed
from tests.contract.sync_wait import Wait

READER = Account(
    "reader",
    "reader-not-a-real-token",
    (Rule(("get", "list", "watch"), ("*",)),),
)
NOBODY = Account("nobody", "nobody-not-a-real-token")


@dataclass
class Place:
    """One application `books` on one world, through the engine of that name."""

    engine: str
    world: World
    folder: Path

    @classmethod
    @contextmanager
    def begun(cls, engine: str, folder: Path, images: Pushed) -> Iterator[Self]:
        """With a world of its own."""
        with running(folder, images) as world:
            yield cls(engine, world, folder)

    def settings(self, *, stranger: bool = False) -> Settings:
        """Endpoint and credential: one that may do everything, or one that may do nothing."""
        raise NotImplementedError

    @property
    def traffic(self) -> Traffic:
        """What the engine's server was asked."""
        raise NotImplementedError

    def live(self, automatic: bool = True, **spec: Any) -> str:
        """The application is there, and proven at its first revision."""
        first = self.world.push_image("1.0.0")
        self.world.add(automatic=automatic, **spec)
        if not automatic:
            self.world.until(lambda each: each["status"]["sync"]["status"] == "OutOfSync")
            self.world.sync().raise_for_status()
        self.world.until_live(first)
        self.traffic.reset()
        return first

    def push(self, version: str) -> str:
        """A commit that asks for an image that is there."""
        return self.world.push_image(version)

    def push_values(self, version: str, note: str = "") -> str:
        """A commit that asks for a version, whether or not there is such an image."""
        return self.world.push_values(version, note=note)

    def wait(self, revision: str, version: str, *, stranger: bool = False, **fields: Any) -> Wait:
        """A wait that has not begun."""
        chosen = {"engine": self.engine} | fields.pop("application", {})
        return Wait(
            "",
            self.world.images.repository,
            revision,
            version,
            settings=self.settings(stranger=stranger),
            application=chosen,
            **fields,
        )

    def refuse(self, why: str) -> None:
        """The cluster refuses to apply anything; the engine's retries are short."""
        self.world.argocd.delays.retry = 0.05
        self.world.cluster.refusals["books"] = why

    def freeze(self) -> None:
        """The controller is down."""
        self.world.argocd.freeze()

    def history(self) -> list[str]:
        """What was deployed, oldest first."""
        return [entry["revision"] for entry in self.world.get()["status"].get("history", [])]

    def delete(self) -> None:
        """The application is being deleted, and nobody finishes it."""
        self.world.argocd.freeze()
        at = "2026-08-22T10:00:00Z"
        self.world.argocd.store.patch(
            "books", lambda each: each["metadata"].update(deletionTimestamp=at)
        )

    def down(self, times: int) -> None:
        """The engine's API server answers that it is unavailable; -1: for ever."""
        self.traffic.faults.append(Fault(status=503, times=times))

    @contextmanager
    def opened(self, **application: Any) -> Iterator[tuple[Engine, Application]]:
        """The engine itself."""
        chosen = Application(**{"name": "books", "engine": self.engine, **application})
        with self.engine_of(chosen, self.settings()) as engine:
            yield engine, chosen

    @contextmanager
    def engine_of(self, application: Application, settings: Settings) -> Iterator[Engine]:
        with engine_for(application, settings, GitOps(repository=GITOPS), lambda: 20.0) as engine:
            yield engine


class Rest(Place):
    """Through Argo CD's API server."""

    def settings(self, *, stranger: bool = False) -> Settings:
        token = (STRANGER if stranger else ROBOT).token
        return Settings(argocd_url=self.world.server.url, argocd_token=SecretStr(token))

    @property
    def traffic(self) -> Traffic:
        return self.world.server.traffic


class Core(Place):
    """Through the Kubernetes API."""

    def settings(self, *, stranger: bool = False) -> Settings:
        self.world.kubernetes.accounts = [ADMIN, READER, NOBODY]
        account = NOBODY if stranger else ADMIN
        return self.settings_of(account)

    @contextmanager
    def opened_as(self, account: Account) -> Iterator[tuple[Engine, Application]]:
        """The engine itself, with the rights of an account."""
        chosen, settings = (
            Application(name="books", engine="argocd-core"),
            self.settings_of(account),
        )
        self.world.kubernetes.accounts.append(account)
        with self.engine_of(chosen, settings) as engine:
            yield engine, chosen

    def settings_of(self, account: Account) -> Settings:
        url = self.world.kubernetes_server.url
        path = self.folder / f"kubeconfig-{account.name}"
        path.write_text(json.dumps(self.world.kubernetes.kubeconfig(url, account.token)))
        return Settings(kubeconfig=str(path))

    @property
    def traffic(self) -> Traffic:
        return self.world.kubernetes_server.traffic


ARGO_CD: dict[str, type[Place]] = {"argocd": Rest, "argocd-core": Core}
