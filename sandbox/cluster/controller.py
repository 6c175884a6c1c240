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
from sandbox.cluster.front import front
from sandbox.cluster.image import Images
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
        self._root = root
        self._pace = pace or Pace()
        self.progress_deadline = progress_deadline  # seconds; 600 in a real cluster
        self._images = Images(root / "images", registry_credentials)
        self._logs = root / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._workloads: dict[str, Workload] = {}
        self._fronts: dict[str, Server] = {}
        self._events: list[Object] = []
        self._lock = threading.RLock()
        self._stopping = threading.Event()
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
    ) -> str:
        """Make the namespace run this: "created", "configured" or "unchanged"; raises Refused.

        `labels` tell who applied it; without them the object keeps what it has.
        """
        if namespace in self.refusals:
            raise Refused(self.refusals[namespace])
        template = Template(name, image, replicas, environment(env))
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

    def objects(self, namespace: str) -> list[Object]:
        """The Deployment, its ReplicaSets and their Pods; empty when nothing was applied."""
        workload = self._workloads.get(namespace)
        if workload is None:
            return []
        with workload.lock:
            sets = sorted(workload.sets, key=lambda each: -each.revision)
            found = [objects.deployment(workload)]
            for each in sets:
                found.append(objects.replica_set(workload, each))
                found += [objects.pod(workload, each, one) for one in each.pods]
            return found

    def namespaces(self) -> list[str]:
        """Those in which something runs or is exposed."""
        return sorted({*self._workloads, *self._fronts})

    def log(self, namespace: str, pod: str, *, previous: bool = False) -> str | None:
        """What a pod's container wrote, or the one before it; None when there was none."""
        workload = self._workloads.get(namespace)
        for each in workload.pods() if workload else []:
            if each.metadata["name"] == pod:
                return each.log(previous=previous)
        return None

    def events(self, namespace: str) -> list[Object]:
        """Kubernetes events of the namespace, oldest first."""
        with self._lock:
            own = [each for each in self._events if each["metadata"]["namespace"] == namespace]
            return json.loads(json.dumps(own))  # type: ignore[no-any-return]

    def stop(self) -> None:
        """End every process and server this cluster started."""
        atexit.unregister(self.stop)
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            pods = [pod for each in self._workloads.values() for pod in each.terminate()]
        for pod in pods:
            pod.join()
        for server in self._fronts.values():
            server.stop()
        self._fronts.clear()

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
        name = f"{replicas.name}-{uuid.uuid4().hex[:5]}"
        metadata = {"name": name, "uid": _uid(), "creationTimestamp": timestamp()}
        involved = {**metadata, "namespace": workload.namespace}

        def record(kind: str, reason: str, message: str) -> None:
            self._record(involved, kind, reason, message)

        manifest = {
            "metadata": metadata,
            "image": replicas.template.image,
            "env": dict(replicas.template.env),
        }
        return Pod(manifest, self._images, self._logs / f"{name}.log", record, self._pace)

    def _record(self, pod: Object, kind: str, reason: str, message: str) -> None:
        with self._lock:
            for event in self._events:
                same = event["involvedObject"]["uid"] == pod["uid"]
                if same and (event["reason"], event["message"]) == (reason, message):
                    event["count"] += 1
                    event["lastTimestamp"] = timestamp()
                    return
            self._events.append(_event(pod, kind, reason, message))
            del self._events[:-500]

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


def _event(pod: Object, kind: str, reason: str, message: str) -> Object:
    now = timestamp()
    return {
        "metadata": {
            "name": f"{pod['name']}.{uuid.uuid4().hex[:16]}",
            "namespace": pod["namespace"],
            "uid": _uid(),
            "creationTimestamp": now,
        },
        "involvedObject": {
            "kind": "Pod",
            "namespace": pod["namespace"],
            "name": pod["name"],
            "uid": pod["uid"],
            "apiVersion": "v1",
        },
        "reason": reason,
        "message": message,
        "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": kind,
        "eventTime": None,
    }
