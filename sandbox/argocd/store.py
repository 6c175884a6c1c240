"""The Application objects, as the Kubernetes API holds them: every patch is visible at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sandbox.kubernetes.kind import APPLICATION
from sandbox.kubernetes.store import Event, Missing, Objects

Object = dict[str, Any]
__all__ = ["Event", "Gone", "Store"]

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

    def all(self) -> list[Object]:
        return self._objects.all(APPLICATION)

    def patch(self, name: str, change: Callable[[Object], object]) -> Object:
        """One visible patch; nothing happens when `change` raises or changes nothing.

        Raises Gone.
        """
        return self._objects.patch(APPLICATION, self._namespace(name), name, change)

    def delete(self, name: str) -> None:
        self._objects.delete(APPLICATION, self._namespace(name), name)

    def watch(self) -> AbstractContextManager[asyncio.Queue[Event]]:
        """Events from now on, for the running event loop."""
        return self._objects.watch(APPLICATION)

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
