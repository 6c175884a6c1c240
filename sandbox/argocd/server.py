"""The whole stand-in: objects, controllers, API, and the controls of a scenario."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.argocd.accounts import Account, Accounts
from sandbox.argocd.api import Api
from sandbox.argocd.application import new_application
from sandbox.argocd.charts import Charts
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.hydrator import note_hydration
from sandbox.argocd.operations import Operator
from sandbox.argocd.store import Gone, Store
from sandbox.argocd.truth import Truth, truth
from sandbox.argocd.world import Controls, Delays, Restarted, World
from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.kind import ARGO_CD
from sandbox.kubernetes.store import Objects
from sandbox.rendering.repository import Repository
from sandbox.serving import Asgi

ANYWHERE = {"server": "*", "namespace": "*"}
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
        charts = Charts(cluster.credentials)
        self.controls = Controls(polling=polling, delays=delays or Delays())
        self.accounts = Accounts(list(accounts))
        self._world = World(Store(self.objects), cluster, found, self.controls, charts, self.add)
        self.set_project("default", {"sourceRepos": ["*"], "destinations": [ANYWHERE]})
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

    @property
    def charts(self) -> Charts:
        """Where charts are published."""
        return self._world.charts

    def set_project(self, name: str, spec: Mapping[str, Any]) -> None:
        """Create an AppProject, or give it another spec, such as other `syncWindows`."""
        self._world.store.put_project(name, dict(spec))

    def set_windows(self, *windows: Mapping[str, Any], project: str = "default") -> None:
        """Give a project these sync windows and no others."""
        spec = (self._world.store.project(project) or {"spec": {}})["spec"]
        self.set_project(project, {**spec, "syncWindows": [dict(each) for each in windows]})

    def truth(self, name: str) -> Truth:
        """What the application's workload really is at this moment; for tests alone."""
        return truth(self._world, name)

    def hydrated(self, name: str, dry: str, written: str) -> None:
        """Say, as the hydrator would, that it wrote a dry commit to the hydrated branch."""
        self._world.store.patch(name, lambda each: note_hydration(each, dry, written))
        self._world.refresh(name)

    def restart(self) -> None:
        """The controller and the API server start anew: streams end, memory is empty."""
        self._world.restart()
        for reconciler in self._reconcilers.values():
            reconciler.forget()

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
                self._world.begin()
                with contextlib.suppress(Restarted):
                    self._world.sleep(_TICK)
                    try:
                        step()
                    except Gone:
                        return

        thread = threading.Thread(target=loop, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
