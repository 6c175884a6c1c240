"""What Argo CD shows of the cluster: live manifests, the resource tree, events, logs."""

import json

from slipway.clients.argocd_connection import (
    Connection,
    Json,
    items,
    limit,
    object_in,
    path_of,
    query_of,
)
from slipway.clients.argocd_failures import failure
from slipway.clients.http import send
from slipway.service import Application

_LOG_BYTES = 1 << 20


class Live:
    """One API server's view of the clusters. Methods raise `slipway.errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The nodes of the resource tree."""
        what, path = f"read the resource tree of '{app.name}'", f"{path_of(app)}/resource-tree"
        return items(self._connection.read(path, what, seconds, query_of(app)), "nodes")

    def manifest(self, app: Application, resource: Json, seconds: float) -> Json:
        """The live manifest of a resource named as in `status.resources`; NotFound without one."""
        what = f"read {resource.get('kind')}/{resource.get('name')} of '{app.name}'"
        query = query_of(app) | {
            "resourceName": resource.get("name", ""),
            "namespace": resource.get("namespace", ""),
            "group": resource.get("group", ""),
            "version": resource.get("version", ""),
            "kind": resource.get("kind", ""),
        }
        answer = self._connection.read(f"{path_of(app)}/resource", what, seconds, query)
        return object_in(str(answer.get("manifest", "")), what)

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of the application, or of one node of its tree."""
        query = query_of(app)
        if subject:
            query |= {
                "resourceName": str(subject.get("name")),
                "resourceNamespace": str(subject.get("namespace")),
                "resourceUID": str(subject.get("uid")),
            }
        what = f"read the events of '{app.name}'"
        return items(self._connection.read(f"{path_of(app)}/events", what, seconds, query), "items")

    def log(
        self, app: Application, pod: Json, container: str, lines: int, seconds: float
    ) -> list[str]:
        """The last lines of a container of a Pod of the tree; needs `logs, get`.

        The answer is one JSON object a line: `{"result": {"content": …, "last": …}}`.
        """
        what = f"read the log of Pod/{pod.get('name')}"
        query = query_of(app) | {
            "podName": str(pod.get("name")),
            "namespace": str(pod.get("namespace")),
            "container": container,
            "tailLines": str(lines),
        }
        answer = send(
            self._connection.http,
            "GET",
            f"{path_of(app)}/logs",
            what=what,
            allow=range(100, 600),
            largest=_LOG_BYTES,
            patience=seconds,
            timeout=limit(seconds),
            params=query,
        )
        if not answer.is_success:
            raise failure(answer, what)
        entries = (json.loads(line).get("result") or {} for line in answer.text.splitlines())
        return [str(entry["content"]) for entry in entries if entry.get("content")]
