"""Everything in a namespace beside its workload: Jobs, CronJobs, ScaledObjects and plain objects.

Their controllers are rules over time: a Job ends after a while, and a ScaledObject loses its
metrics for a moment whenever the workload it scales is rolled out.
"""

import copy
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.cluster.pod import timestamp
from sandbox.cluster.workload import Workload

Object = dict[str, Any]
Key = tuple[str, str, str]  # namespace, kind, name


@dataclass
class Others:
    """The objects, and the pace of their controllers."""

    workload: Callable[[str], Workload | None]  # of a namespace
    job_seconds: float = 0.3  # until a Job ends
    failing_jobs: set[str] = field(default_factory=set)  # names of Jobs that end badly
    scaler_delay: float = 0.2  # seconds from a change of the workload to the ScaledObject's notice
    scaler_seconds: float = 1.0  # how long it is not ready then
    _objects: dict[Key, Object] = field(default_factory=dict)
    _created: dict[Key, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, manifest: Object) -> str:
        """Apply a manifest: "created", "configured" or "unchanged"."""
        key = _key(manifest)
        with self._lock:
            before = self._objects.get(key)
            wanted = copy.deepcopy(manifest)
            if before is None:
                own = {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
                generation = 1
                self._created[key] = time.monotonic()
            else:
                own = {name: before["metadata"][name] for name in _OWN}
                generation = before["metadata"]["generation"]
                generation += _applied(before) != _applied(wanted)
            wanted["metadata"].update({**own, "generation": generation})
            self._objects[key] = wanted
            if before is None:
                return "created"
            return "configured" if before != wanted else "unchanged"

    def remove(self, namespace: str, kind: str, name: str) -> None:
        with self._lock:
            self._objects.pop((namespace, kind, name), None)

    def objects(self, namespace: str) -> list[Object]:
        """Copies, with the status they have now."""
        with self._lock:
            found = [(key, copy.deepcopy(each)) for key, each in self._objects.items()]
        return [
            self._with_status(key, each)
            for key, each in sorted(found, key=lambda f: f[0])
            if key[0] == namespace
        ]

    def namespaces(self) -> set[str]:
        return {key[0] for key in list(self._objects)}

    def _with_status(self, key: Key, found: Object) -> Object:
        rule = {"Job": self._job, "ScaledObject": self._scaled_object}.get(found["kind"])
        return {**found, "status": rule(key, found)} if rule else found

    def _job(self, key: Key, found: Object) -> Object:
        started = {"startTime": found["metadata"]["creationTimestamp"]}
        if time.monotonic() - self._created.get(key, 0.0) < self.job_seconds:
            return {**started, "active": 1}
        if key[2] in self.failing_jobs:
            why = "Job has reached the specified backoff limit"
            failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
            return {**started, "failed": 1, "conditions": [{**failed, "message": why}]}
        return {**started, "succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}

    def _scaled_object(self, key: Key, _: Object) -> Object:
        workload = self.workload(key[0])
        since = time.monotonic() - workload.changed if workload else 0.0
        lost = 0.0 <= since - self.scaler_delay < self.scaler_seconds
        ready = {"type": "Ready", "status": "True", "reason": "ScaledObjectReady"}
        why = "ScaledObject is defined correctly and is ready for scaling"
        if lost or workload is None:
            why = "Triggers defined in ScaledObject are not working correctly"
            ready = {**ready, "status": "False", "reason": "ScaledObjectCheckFailed"}
        return {"conditions": [{**ready, "message": why}]}


_OWN = ("uid", "creationTimestamp")


def _key(manifest: Object) -> Key:
    metadata = manifest["metadata"]
    return metadata["namespace"], manifest["kind"], metadata["name"]


def _applied(found: Object) -> Object:
    return {name: part for name, part in found.items() if name not in ("metadata", "status")}
