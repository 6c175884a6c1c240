"""Applications and their projects, as Argo CD's own cluster has them."""

from collections.abc import Mapping
from typing import Any

from slipway.clients.kubernetes_resources import APPLICATION, PROJECT
from slipway.engines.kubernetes_live import JOBS, WORKLOADS
from slipway.engines.kubernetes_reading import SharedCluster, Where
from slipway.errors import NotFound
from slipway.service import Application

Json = Mapping[str, Any]
NAMESPACE = "argocd"  # where Argo CD is installed when nothing else is said


class Reading(SharedCluster):
    """One cluster. Methods raise `slipway.errors`."""

    def where(self, app: Application) -> Where:
        """The Application object."""
        return APPLICATION, app.namespace or NAMESPACE, app.name

    def windows(self, read: Json, seconds: float) -> tuple[Json, ...]:
        """The sync windows of the project of an Application object.

        The project is beside it, or where Argo CD is installed.
        """
        name = str((read.get("spec") or {}).get("project") or "default")
        beside = str((read.get("metadata") or {}).get("namespace") or NAMESPACE)
        for namespace in dict.fromkeys((beside, NAMESPACE)):
            try:
                project = self._client.get(PROJECT, namespace, name, seconds)
            except NotFound:
                continue
            return tuple((project.get("spec") or {}).get("syncWindows") or ())
        return ()  # Argo CD itself complains about a project that is not there

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The workloads of the application, and what is below them."""
        read = self.application(app, seconds / 3)
        return self.cluster.nodes(self.manifests(read, seconds / 3), seconds / 3)

    def manifests(self, read: Json, seconds: float) -> list[Json]:
        """The live workloads and jobs of an Application object."""
        resources = (read.get("status") or {}).get("resources") or ()
        return self.cluster.manifests(resources, seconds, WORKLOADS | JOBS)
