"""The Application objects, as the Kubernetes API holds them: every patch is visible at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sandbox.cluster.pod import timestamp
from sandbox.kubernetes.kind import APP_PROJECT, APPLICATION
from sandbox.kubernetes.store import Event, Missing, Objects

Object = dict[str, Any]
__all__ = ["Event", "Gone", "Store"]

NAMESPACE = "argocd"
_REFRESH = "argocd.argoproj.io/refresh"
Gone = Missing  # the application was deleted meanwhile


class Store:
    """Applications by name, with watchers."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @property
    def version(self) -> str:
        return self._objects.version

    def add(self, application: Object) -> None:
        self._objects.add(APPLICATION, application)

    def get(self, name: str) -> Object | None:
        """A copy, or None."""
        return self._objects.get(APPLICATION, self._namespace(name), name)

    def all(self, lag: float = 0.0) -> list[Object]:
        """Copies, by namespace and name, as they were `lag` seconds ago."""
        return self._objects.all(APPLICATION, lag=lag)

    def manifests(self, wanted: Callable[[Object], bool]) -> list[Object]:
        """What a parent application sees of some: all but their status."""
        named = {"apiVersion": APPLICATION.api_version, "kind": APPLICATION.kind}
        parts = ("metadata", "spec")
        return [
            {**named, **{part: _settled(each[part]) for part in parts}}
            for each in self._objects.chosen(APPLICATION, wanted)
        ]

    def project(self, name: str) -> Object | None:
        """An AppProject."""
        return self._objects.get(APP_PROJECT, NAMESPACE, name)

    def put_project(self, name: str, spec: Object) -> None:
        """Create an AppProject, or give it another spec."""
        if self.project(name) is None:
            metadata = {"name": name, "namespace": NAMESPACE}
            self._objects.add(APP_PROJECT, {"metadata": metadata, "spec": spec})
        else:
            self._objects.patch(
                APP_PROJECT, NAMESPACE, name, lambda project: project.update(spec=spec)
            )

    def patch(self, name: str, change: Callable[[Object], object]) -> Object:
        """One visible patch; nothing happens when `change` raises or changes nothing.

        Raises Gone.
        """
        return self._objects.patch(APPLICATION, self._namespace(name), name, change)

    def begin_deletion(self, name: str) -> None:
        """Mark an application as being deleted."""

        def mark(application: Object) -> None:
            application["metadata"].setdefault("deletionTimestamp", timestamp())

        self.patch(name, mark)

    def delete(self, name: str) -> None:
        self._objects.delete(APPLICATION, self._namespace(name), name)

    def watch(self, lag: float = 0.0) -> AbstractContextManager[asyncio.Queue[Event]]:
        """Events from now on, `lag` seconds late, for the running event loop."""
        return self._objects.watch(APPLICATION, lag)

    def record(self, application: Object, event: Object, component: str) -> None:
        """A Kubernetes event of the Application."""
        self._objects.record(APPLICATION, application, event, component)

    @property
    def events(self) -> list[Object]:
        return self._objects.events

    def _namespace(self, name: str) -> str:
        for each in self._objects.names(APPLICATION):
            if each[1] == name:
                return each[0]
        return ""


def _settled(part: Object) -> Object:
    """Without what moves by itself."""
    moving = ("resourceVersion", "generation")
    kept = {name: value for name, value in part.items() if name not in moving}
    if "annotations" in kept:
        kept["annotations"] = {
            name: value for name, value in kept["annotations"].items() if name != _REFRESH
        }
    return kept
