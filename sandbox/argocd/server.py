"""The whole stand-in: objects, controllers, API, and the controls of a scenario."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.argocd.accounts import Account, Accounts
from sandbox.argocd.api import Api
from sandbox.argocd.application import new_application
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.operations import Operator
from sandbox.argocd.store import Gone, Store
from sandbox.argocd.world import Controls, Delays, World
from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.kind import ARGO_CD
from sandbox.kubernetes.store import Objects
from sandbox.rendering.repository import Repository
from sandbox.serving import Asgi

_TICK = 0.05  # seconds between two looks of a controller thread


class ArgoCD:
    """Serve `app`; `stop` it before its server and before the cluster."""

    def __init__(
        self,
        cluster: Cluster,
        repositories: Mapping[str, Path],
        accounts: Iterable[Account],
        polling: float = 120.0,
        delays: Delays | None = None,
        webhook_secret: str = "",
    ) -> None:
        self.objects = Objects(ARGO_CD)
        found = {url: Repository(url, path) for url, path in repositories.items()}
        self.controls = Controls(polling=polling, delays=delays or Delays())
        self.accounts = Accounts(list(accounts))
        self._world = World(Store(self.objects), cluster, found, self.controls)
        self._world.running.set()
        self._reconcilers: dict[str, Reconciler] = {}
        self._threads: list[threading.Thread] = []
        api = Api(self._world, self.accounts, self._reconcilers, webhook_secret)
        self.app: Asgi = api.app

    @property
    def delays(self) -> Delays:
        """The seconds between visible patches; may be changed at any time."""
        return self.controls.delays

    @property
    def store(self) -> Store:
        """The objects themselves, for scenarios that tamper with them."""
        return self._world.store

    def add(self, manifest: Mapping[str, Any]) -> None:
        """Manage one Application from now on; its first compare starts at once."""
        application = new_application(dict(manifest))
        name = application["metadata"]["name"]
        self._world.store.add(application)
        reconciler = Reconciler(self._world, name)
        self._reconcilers[name] = reconciler
        self._run(reconciler.step, f"{name} status")
        self._run(Operator(self._world, name, reconciler).step, f"{name} operation")

    def change(self, manifest: Mapping[str, Any]) -> None:
        """Another spec for an Application that is there, as its parent would apply it."""
        spec = new_application(dict(manifest))["spec"]
        name = manifest["metadata"]["name"]
        self._world.store.patch(name, lambda application: application.update({"spec": spec}))

    def freeze(self) -> None:
        """The controller stops: nothing moves, refreshes do not return."""
        self._world.running.clear()

    def thaw(self) -> None:
        self._world.running.set()

    def counts(self, name: str) -> tuple[int, int]:
        """How many refreshes were asked for, and how many compares have read git."""
        return self._world.refreshes.get(name, 0), self._reconcilers[name].begun

    def stop(self) -> None:
        """End the controllers and every open stream."""
        self._world.stopping.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _run(self, step: Callable[[], None], name: str) -> None:
        def loop() -> None:
            while not self._world.stopping.is_set():
                self._world.sleep(_TICK)
                try:
                    step()
                except Gone:
                    return

        thread = threading.Thread(target=loop, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
