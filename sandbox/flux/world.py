"""What the controllers share: objects, repositories, built charts, and the controls of a test."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.cluster.controller import Cluster
from sandbox.kubernetes.kind import Kind
from sandbox.kubernetes.store import Objects
from sandbox.rendering.repository import RepoError, Repository

Object = dict[str, Any]
Key = tuple[str, str]  # namespace and name
CONTROLLERS = ("source-controller", "helm-controller", "kustomize-controller")


@dataclass
class Delays:
    """Seconds between two visible patches; a real controller takes several times as long."""

    fetch: float = 0.2  # from looking at a repository to a new artifact
    build: float = 0.1  # of a chart, or of manifests
    action: float = 0.2  # of Helm, or of an apply, without the wait for Pods
    poll: float = 0.1  # between two looks at what is waited for; 5 in a real cluster
    retry: float = 1.0  # before a failed attempt is repeated


@dataclass(frozen=True)
class Chart:
    """A chart's content."""

    name: str
    version: str
    values: Object


@dataclass
class World:
    """Shared by all controllers."""

    objects: Objects
    cluster: Cluster
    repositories: dict[str, Repository]
    credentials: Mapping[str, tuple[str, str]]
    delays: Delays = field(default_factory=Delays)
    charts: dict[tuple[Kind, Key, str], Chart] = field(default_factory=dict)  # by revision
    stopping: threading.Event = field(default_factory=threading.Event)
    running: dict[str, threading.Event] = field(default_factory=dict)  # cleared: it is down
    unplugged: set[str] = field(default_factory=set)  # URLs that nobody can reach

    def __post_init__(self) -> None:
        for name in CONTROLLERS:
            self.running[name] = threading.Event()
            self.running[name].set()

    def sleep(self, controller: str, seconds: float) -> None:
        """Let time pass, and no further while the controller is down or the world ends."""
        self.stopping.wait(seconds)
        while not self.stopping.is_set() and not self.running[controller].wait(0.05):
            pass

    def remote(self, url: str) -> Repository:
        """The repository behind a URL; one that nobody can reach raises RepoError when used."""
        return Repository(url, None) if url in self.unplugged else self.stored(url)

    def stored(self, url: str) -> Repository:
        """What was fetched from a URL: every commit that an artifact was made of."""
        found = self.repositories.get(url) or self.repositories.get(url.removesuffix(".git"))
        return found or Repository(url, None)

    def get(self, kind: Kind, key: Key) -> Object | None:
        return self.objects.get(kind, *key)

    def patch(self, kind: Kind, key: Key, change: Callable[[Object], object]) -> Object:
        return self.objects.patch(kind, *key, change)

    def event(self, kind: Kind, key: Key, reason: str, message: str) -> None:
        """A Kubernetes event of an object, by the controller that reconciles it."""
        found = self.get(kind, key)
        good = not reason.endswith(("Failed", "Error")) and not reason.startswith("Invalid")
        event = {"type": "Normal" if good else "Warning", "reason": reason, "message": message}
        if found:
            self.objects.record(kind, found, event, "flux")


__all__ = ["CONTROLLERS", "Chart", "Delays", "Key", "Object", "RepoError", "World"]
