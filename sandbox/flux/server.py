"""The whole stand-in: three controllers over one store of objects, and the controls of a test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.cluster.controller import Cluster
from sandbox.flux.charts import HelmCharts
from sandbox.flux.kustomizations import Kustomizations
from sandbox.flux.releases import HelmReleases
from sandbox.flux.sources import GitRepositories, OciRepositories
from sandbox.flux.world import Delays, World
from sandbox.kubernetes.kind import FLUX
from sandbox.kubernetes.store import Objects
from sandbox.rendering.repository import Repository


class Flux:
    """Serve its `objects`; `stop` it before the cluster."""

    def __init__(
        self,
        cluster: Cluster,
        repositories: Mapping[str, Path],
        credentials: Mapping[str, tuple[str, str]] | None = None,
        delays: Delays | None = None,
    ) -> None:
        self.objects = Objects(FLUX)
        found = {url: Repository(url, path) for url, path in repositories.items()}
        delays = delays or Delays()
        self.world = World(self.objects, cluster, found, credentials or {}, delays)
        kinds = (GitRepositories, OciRepositories, HelmCharts, HelmReleases, Kustomizations)
        self._controllers = [kind(self.world) for kind in kinds]
        for controller in self._controllers:
            controller.begin()

    def add(self, manifest: Mapping[str, Any]) -> None:
        """Create one object, as `kubectl apply` does the first time."""
        wanted = (manifest["apiVersion"], manifest["kind"])
        kind = next(k for k in self.objects.kinds if (k.api_version, k.kind) == wanted)
        self.objects.add(kind, dict(manifest))

    def take_down(self, controller: str) -> None:
        """A controller stops: nothing of it moves, its objects stay as they are."""
        self.world.running[controller].clear()

    def bring_up(self, controller: str) -> None:
        self.world.running[controller].set()

    def unplug(self, url: str) -> None:
        """Nobody can reach a repository any more, until it is plugged in again."""
        self.world.unplugged.add(url)

    def plug_in(self, url: str) -> None:
        self.world.unplugged.discard(url)

    def stop(self) -> None:
        """End the controllers."""
        self.world.stopping.set()
        for controller in self._controllers:
            controller.join()
