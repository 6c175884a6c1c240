"""Applications and their projects, as Argo CD's own cluster has them."""

from collections.abc import Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import APPLICATION, PROJECT
from slipway.engines.kubernetes_live import JOBS, WORKLOADS, Live
from slipway.errors import NotFound
from slipway.service import Application

Json = Mapping[str, Any]
NAMESPACE = "argocd"  # where Argo CD is installed when nothing else is said


class Reading:
    """One cluster. Methods raise `slipway.errors`."""

    def __init__(self, client: Client) -> None:
        self._client, self.cluster = client, Live(client)

    @property
    def live(self) -> "Reading":
        """Core and applications share a cluster."""
        return self

    def application(self, app: Application, seconds: float) -> Json:
        """The Application object."""
        return self._client.get(APPLICATION, place(app), app.name, seconds)

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

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of one node, or of the application."""
        own = {"kind": APPLICATION.kind, "name": app.name, "namespace": place(app)}
        return self.cluster.events(subject or own, seconds)

    def log(
        self, app: Application, pod: Json, container: str, lines: int, seconds: float
    ) -> list[str]:
        """The last lines of a container of a Pod of `app`; none: of one that is not ready."""
        del app  # a Pod has its own name here
        return self.cluster.log(pod, container, lines, seconds)


def place(app: Application) -> str:
    """The namespace of an Application object."""
    return app.namespace or NAMESPACE


def version(read: Json) -> str:
    """The resourceVersion of an object."""
    return str((read.get("metadata") or {}).get("resourceVersion") or "")
