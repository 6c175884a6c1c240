"""The world an engine acts on. Not a cluster: namespaces with one workload each, run as processes.

What was applied is remembered on disk, so a restarted sandbox runs again what it ran before.
"""

import atexit
import contextlib
import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.cluster import objects
from sandbox.cluster.events import Events
from sandbox.cluster.front import front
from sandbox.cluster.image import Images
from sandbox.cluster.others import Others
from sandbox.cluster.pod import Pace, Pod, timestamp
from sandbox.cluster.workload import ReplicaSet, Template, Workload, environment
from sandbox.serving import Server

Object = dict[str, Any]


class Refused(Exception):
    """The API server did not accept an object."""


class Cluster:
    """Namespaces, their workloads and the address of each."""

    def __init__(
        self,
        root: Path,
        registry_credentials: Mapping[str, tuple[str, str]],
        progress_deadline: float = 20.0,
        pace: Pace | None = None,
    ) -> None:
        self.refusals: dict[str, str] = {}  # namespace: why the next applies fail
        self.credentials = registry_credentials
        self._root = root
        self._pace = pace or Pace()
        self.progress_deadline = progress_deadline  # seconds; 600 in a real cluster
        self._images = Images(root / "images", registry_credentials)
        self._logs = root / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._workloads: dict[str, Workload] = {}
        self._fronts: dict[str, Server] = {}
        self._events = Events()
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._removed: list[Pod] = []  # of workloads that were taken away
        self.others = Others(self._workloads.get)
        self._thread = threading.Thread(target=self._control, daemon=True)
        self._restore()
        self._thread.start()
        atexit.register(self.stop)

    def expose(self, namespace: str, port: int = 0) -> str:
        """The URL of the namespace's Service; the port is fixed by the first call."""
        with self._lock:
            if namespace not in self._fronts:
                server = Server(front(lambda: self._ports(namespace)), port)
                self._fronts[namespace] = server.start()
            return self._fronts[namespace].url

    def apply(
        self,
        namespace: str,
        name: str,
        image: str,
        replicas: int,
        env: Mapping[str, str],
        labels: Mapping[str, str] | None = None,
        kind: str = "Deployment",
    ) -> str:
        """Make the namespace run this: "created", "configured" or "unchanged"; raises Refused.

        `labels` tell who applied it; without them the object keeps what it has.
        """
        self._admit(namespace)
        template = Template(name, image, replicas, environment(env), kind)
        self.expose(namespace)
        with self._lock:
            before = self._workloads.get(namespace)
            changed = before is None or before.change(template)
            if before is None:
                self._workloads[namespace] = self._new_workload(namespace, template)
            if labels is not None:
                self._workloads[namespace].labels = dict(labels)
            self._remember()
        return "created" if before is None else "configured" if changed else "unchanged"

    def put(self, manifest: Object) -> str:
        """Apply anything but a workload, as `apply` does; raises Refused."""
        self._admit(manifest["metadata"]["namespace"])
        return self.others.put(manifest)

    def remove(self, namespace: str, kind: str, name: str) -> None:
        """Delete an object; a workload takes its pods along."""
        with self._lock:
            workload = self._workloads.get(namespace)
            if workload and (workload.template.kind, workload.template.name) == (kind, name):
                del self._workloads[namespace]
                self._removed += workload.terminate()
                self._remember()
        self.others.remove(namespace, kind, name)

    def objects(self, namespace: str) -> list[Object]:
        """The workload with its ReplicaSets and Pods, then the others; empty without any."""
        workload = self._workloads.get(namespace)
        own = objects.of_workload(workload) if workload else []
        return own + self.others.objects(namespace)

    def workload(self, namespace: str) -> Workload | None:
        """What the namespace runs."""
        return self._workloads.get(namespace)

    def namespaces(self) -> list[str]:
        """Those in which something runs or is exposed."""
        return sorted({*self._workloads, *self._fronts, *self.others.namespaces()})

    def log(self, namespace: str, pod: str, *, previous: bool = False) -> str | None:
        """What a pod's container wrote, or the one before it; None when there was none."""
        workload = self._workloads.get(namespace)
        for each in workload.pods() if workload else []:
            if each.metadata["name"] == pod:
                return each.log(previous=previous)
        return None

    def events(self, namespace: str) -> list[Object]:
        """Kubernetes events of the namespace, oldest first."""
        return self._events.of(namespace)

    def stop(self) -> None:
        """End every process and server this cluster started."""
        atexit.unregister(self.stop)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            pods = [pod for each in self._workloads.values() for pod in each.terminate()]
        for pod in [*pods, *self._removed]:
            pod.join()
        for server in self._fronts.values():
            server.stop()
        self._fronts.clear()

    def _admit(self, namespace: str) -> None:
        if namespace in self.refusals:
            raise Refused(self.refusals[namespace])

    def _ports(self, namespace: str) -> list[int]:
        workload = self._workloads.get(namespace)
        return workload.ports() if workload else []

    def _control(self) -> None:
        while not self._stopping.wait(0.05):
            for workload in list(self._workloads.values()):
                workload.step()

    def _new_workload(self, namespace: str, template: Template) -> Workload:
        return Workload(namespace, template, self._new_pod, _uid, lambda: self.progress_deadline)

    def _new_pod(self, workload: Workload, replicas: ReplicaSet) -> Pod:
        name = workload.pod_name(replicas)
        metadata = {"name": name, "uid": _uid(), "creationTimestamp": timestamp()}
        involved = {**metadata, "namespace": workload.namespace}

        def record(kind: str, reason: str, message: str) -> None:
            self._events.record(involved, kind, reason, message)

        manifest = {
            "metadata": metadata,
            "image": replicas.template.image,
            "env": dict(replicas.template.env),
        }
        return Pod(
            manifest,
            self._images,
            self._logs / f"{name}-{metadata['uid'][:8]}.log",
            record,
            self._pace,
        )

    def _remember(self) -> None:
        applied = {
            name: {**asdict(each.template), "labels": each.labels}
            for name, each in self._workloads.items()
        }
        part = self._root / "applied.part"
        part.write_text(json.dumps(applied))
        part.replace(self._root / "applied.json")

    def _restore(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            applied = json.loads((self._root / "applied.json").read_text())
            for namespace, fields in applied.items():
                labels = fields.pop("labels", {})
                template = Template(**{**fields, "env": environment(dict(fields["env"]))})
                self._workloads[namespace] = self._new_workload(namespace, template)
                self._workloads[namespace].labels = labels


def _uid() -> str:
    return str(uuid.uuid4())
