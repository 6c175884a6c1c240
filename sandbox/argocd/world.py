"""What the two controllers and the API share: objects, sources, caches and controls."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.argocd.charts import Charts, is_chart
from sandbox.argocd.compare import owner
from sandbox.argocd.rendering import WORKLOADS, Source
from sandbox.argocd.store import Store
from sandbox.argocd.trees import GitTree
from sandbox.argocd.windows import Windows, windows_of
from sandbox.cluster.controller import Cluster
from sandbox.rendering.repository import Repository

Object = dict[str, Any]
REFRESH = "argocd.argoproj.io/refresh"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"
_WORKLOAD = (*WORKLOADS, "ReplicaSet", "Pod")


class Restarted(Exception):
    """The controller was restarted: whatever it did is forgotten."""


@dataclass
class Delays:
    """Seconds between two visible patches; a real controller takes about three times as long."""

    compare: float = 0.2  # from resolving the revision to writing what was found
    operation_set: float = 0.1  # from `operation` to the compare's own patch
    apply: float = 0.3  # from Running to applied
    finish: float = 0.1  # from the history entry to the final phase
    after_sync: float = 0.4  # from the final phase to the next compare
    retry: float = 1.0  # factor on the back-off of a failed operation
    self_heal: float = 1.0  # factor on the pauses between two attempts to heal
    deletion: float = 0.3  # from the deletionTimestamp to the end


@dataclass
class Controls:
    """What a scenario may turn."""

    polling: float = 120.0  # seconds between two compares by timer; also the life of a cached ref
    delays: Delays = field(default_factory=Delays)
    coalesce: bool = True  # a refresh rides on a pending one, as in releases before 3.6
    repo_error_grace: float = 180.0  # seconds a timer compare swallows repository errors
    keep_alive: float = 15.0  # seconds between two comments on a stream
    lag: float = 0.0  # seconds that lists and streams are behind
    version: str = "v3.5.1+sandbox"


@dataclass
class World:
    """Shared by all parts of the stand-in."""

    store: Store
    cluster: Cluster
    repositories: dict[str, Repository]
    controls: Controls
    charts: Charts
    manage: Callable[[Object], None]  # an Application from its manifest
    stopping: threading.Event = field(default_factory=threading.Event)
    running: threading.Event = field(default_factory=threading.Event)  # cleared: frozen
    refreshes: dict[str, int] = field(default_factory=dict)  # how often each was asked for
    rendered: dict[str, list[str]] = field(default_factory=dict)  # what each workload came from
    life: int = 0  # moves with every restart
    _refs: dict[tuple[str, ...], tuple[float, str]] = field(default_factory=dict)
    _own: threading.local = field(default_factory=threading.local)

    def begin(self) -> None:
        """A controller's thread starts anew: it belongs to the present life."""
        self._own.life = self.life

    def restart(self) -> None:
        """Empty every cache; controllers and streams of the old life end."""
        self.life += 1
        self._refs.clear()

    def sleep(self, seconds: float) -> None:
        """Let time pass, no further than a freeze or the end; raises Restarted."""
        end = time.monotonic() + seconds
        while not self.stopping.is_set():
            if getattr(self._own, "life", self.life) != self.life:
                raise Restarted
            left = end - time.monotonic()
            if left <= 0 and self.running.wait(0.1):
                return
            self.stopping.wait(min(max(left, 0.0), 0.1))

    def resolve(self, source: Object, revision: str, *, live: bool) -> str:
        """The commit, digest or version behind a revision, from the cache unless `live`.

        Raises RepoError.
        """
        key = (source["repoURL"], source.get("chart", ""), revision)
        at, found = self._refs.get(key, (-1e9, ""))
        if live or time.monotonic() - at > self.controls.polling:
            if is_chart(source):
                found = self.charts.resolve(source, revision)
            else:
                found = self.repository(source["repoURL"]).resolve(revision)
            self._refs[key] = (time.monotonic(), found)
        return found

    def open(self, source: Object, revision: str) -> Source:
        """A source at a resolved revision; raises RepoError."""
        if is_chart(source):
            return Source(source, self.charts.open(source, revision))
        return Source(source, GitTree(self.repository(source["repoURL"]), revision))

    def repository(self, url: str) -> Repository:
        """The repository of a source; raises RepoError."""
        return self.repositories.get(url) or Repository(url, None)

    def windows(self, application: Object) -> Windows:
        """The sync windows of its project that are about it."""
        project = self.store.project(application["spec"]["project"])
        return windows_of(project or {"spec": {}}, application)

    def live(self, application: Object) -> list[Object]:
        """The objects of an application, with the ReplicaSets and Pods of its workload."""
        name = application["metadata"]["name"]
        home = application["spec"]["destination"].get("namespace", "default")
        cluster = self.cluster
        found = [
            each
            for each in cluster.objects(home)
            if each["kind"] in _WORKLOAD or owner(each) == name
        ]
        for namespace in sorted(cluster.others.namespaces() - {home}):
            found += [each for each in cluster.others.objects(namespace) if owner(each) == name]
        return found + self.store.manifests(lambda child: owner(child) == name)

    def refresh(self, name: str, kind: str = "normal") -> None:
        """Set the annotation that asks for a compare."""

        def annotate(application: Object) -> None:
            application["metadata"].setdefault("annotations", {})[REFRESH] = kind

        self.refreshes[name] = self.refreshes.get(name, 0) + 1
        self.store.patch(name, annotate)

    def record(self, application: Object, kind: str, reason: str, message: str) -> None:
        """A Kubernetes event of the Application."""
        event = {"type": kind, "reason": reason, "message": message}
        self.store.record(application, event, "argocd-application-controller")
