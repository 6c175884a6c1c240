"""What the engines that speak to the Kubernetes API have in common: their cluster runs it all."""

import time
from collections.abc import Mapping
from typing import Any, Self

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import Resource
from slipway.engines.kubernetes_changes import changes
from slipway.engines.kubernetes_live import Live
from slipway.errors import SlipwayError
from slipway.service import Application

Json = Mapping[str, Any]
Where = tuple[Resource, str, str]  # type, namespace and name of one object
_POLL = 1.0  # seconds between two looks where changes are not told


class SharedCluster:
    """The engine's objects and the workloads are in one cluster, which is read through one client.

    Methods raise `slipway.errors`.
    """

    def __init__(self, client: Client) -> None:
        self._client, self.cluster = client, Live(client)

    @property
    def live(self) -> Self:
        """For a diagnosis: where the workloads are is where the application is."""
        return self

    def where(self, app: Application) -> Where:
        """Which object the application is."""
        raise NotImplementedError

    def application(self, app: Application, seconds: float) -> Json:
        """That object."""
        return self._client.get(*self.where(app), seconds)

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of one node, or of the application."""
        resource, namespace, name = self.where(app)
        own = {"kind": resource.kind, "name": name, "namespace": namespace}
        return self.cluster.events(subject or own, seconds)

    def log(
        self, app: Application, pod: Json, container: str, lines: int, seconds: float
    ) -> list[str]:
        """The last lines of a container of a Pod of `app`; none: of one that is not ready."""
        del app  # a Pod has its own name here
        return self.cluster.log(pod, container, lines, seconds)


class Notice:
    """Ends a pause when an object changes after its newest reading."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._versions: dict[Where, str] = {}  # resourceVersion of the newest reading
        self._complained = False

    def seen(self, where: Where, found: Json) -> None:
        """There is a newer reading of that object."""
        self._versions[where] = version(found)

    def wait(self, where: Where, seconds: float) -> str | None:
        """Return at its next change, or after a second when none are told; once: why that is."""
        since = self._versions.get(where)
        if not since or self._complained:
            time.sleep(min(_POLL, seconds))
            return None
        try:
            next(changes(self._client, *where, since, seconds), None)
        except SlipwayError as error:
            self._complained = True
            return f"no watch, asking every {_POLL:.0f} s instead: {error.message}"
        return None


def version(found: Json) -> str:
    """The resourceVersion of an object."""
    return str((found.get("metadata") or {}).get("resourceVersion") or "")
