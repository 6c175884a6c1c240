"""What the kubelet tells of a pod: Kubernetes events, counted when they repeat."""

import json
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.cluster.pod import timestamp

Object = dict[str, Any]
_KEPT = 500


class Events:
    """The newest events of all namespaces."""

    def __init__(self) -> None:
        self._events: list[Object] = []
        self._lock = threading.Lock()

    def of(self, namespace: str) -> list[Object]:
        """Those of a namespace, oldest first."""
        with self._lock:
            own = [each for each in self._events if each["metadata"]["namespace"] == namespace]
            return json.loads(json.dumps(own))  # type: ignore[no-any-return]

    def record(self, pod: Mapping[str, Any], kind: str, reason: str, message: str) -> None:
        with self._lock:
            for event in self._events:
                same = event["involvedObject"]["uid"] == pod["uid"]
                if same and (event["reason"], event["message"]) == (reason, message):
                    event["count"] += 1
                    event["lastTimestamp"] = timestamp()
                    return
            self._events.append(_event(pod, kind, reason, message))
            del self._events[:-_KEPT]


def _event(pod: Mapping[str, Any], kind: str, reason: str, message: str) -> Object:
    now = timestamp()
    return {
        "metadata": {
            "name": f"{pod['name']}.{uuid.uuid4().hex[:16]}",
            "namespace": pod["namespace"],
            "uid": str(uuid.uuid4()),
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
