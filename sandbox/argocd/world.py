"""What the two controllers and the API share: objects, repositories, caches and controls."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.argocd.store import Store
from sandbox.cluster.controller import Cluster
from sandbox.rendering.repository import Repository

Object = dict[str, Any]
REFRESH = "argocd.argoproj.io/refresh"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"


@dataclass
class Delays:
    """Seconds between two visible patches; a real controller takes about three times as long."""

    compare: float = 0.2  # from resolving the revision to writing what was found
    operation_set: float = 0.1  # from `operation` to the compare's own patch
    apply: float = 0.3  # from Running to applied
    finish: float = 0.1  # from the history entry to the final phase
    after_sync: float = 0.4  # from the final phase to the next compare
    retry: float = 1.0  # factor on the back-off of a failed operation


@dataclass
class Controls:
    """What a scenario may turn."""

    polling: float = 120.0  # seconds between two compares by timer; also the life of a cached ref
    delays: Delays = field(default_factory=Delays)
    coalesce: bool = True  # a refresh rides on a pending one, as in releases before 3.6
    repo_error_grace: float = 180.0  # seconds a timer compare swallows repository errors
    keep_alive: float = 15.0  # seconds between two comments on a stream
    version: str = "v3.5.1+sandbox"


@dataclass
class World:
    """Shared by all parts of the stand-in."""

    store: Store
    cluster: Cluster
    repositories: dict[str, Repository]
    controls: Controls
    stopping: threading.Event = field(default_factory=threading.Event)
    running: threading.Event = field(default_factory=threading.Event)  # cleared: frozen
    refreshes: dict[str, int] = field(default_factory=dict)  # how often each was asked for
    _refs: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def sleep(self, seconds: float) -> None:
        """Let time pass, and no further than a freeze or the end."""
        self.stopping.wait(seconds)
        while not self.stopping.is_set() and not self.running.wait(0.1):
            pass

    def resolve(self, repository: str, revision: str, live: bool) -> str:
        """The commit behind a revision, from the ref cache unless `live`; raises RepoError."""
        at, commit = self._refs.get((repository, revision), (-1e9, ""))
        if live or time.monotonic() - at > self.controls.polling:
            commit = self.repository(repository).resolve(revision)
            self._refs[repository, revision] = (time.monotonic(), commit)
        return commit

    def repository(self, url: str) -> Repository:
        """The repository of a source; raises RepoError."""
        return self.repositories.get(url) or Repository(url, None)

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
