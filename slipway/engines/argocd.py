"""Argo CD through its REST API."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from slipway.clients.argocd import Client
from slipway.engines.argocd_status import observation
from slipway.engines.argocd_workloads import KINDS, unhealthy, workload
from slipway.errors import InvalidInput, NotFound, Retryable, SlipwayError
from slipway.readiness.observation import Observation, Workload
from slipway.service import Application, GitOps
from slipway.text import printable

Json = Mapping[str, Any]
CALL = 30.0  # seconds one call may take
_EXPLAIN = 2.0  # seconds for each of two calls
_LINES = 5  # of Pods, and of events


class ArgoCD:
    """One Argo CD API server; `left` says how many seconds there still are."""

    def __init__(self, client: Client, gitops: GitOps | None, left: Callable[[], float]) -> None:
        self._client, self._gitops, self._left = client, gitops, left

    def observe(self, application: Application) -> Observation:
        """One reading. The verdict's fields come from one GET; live workloads only add doubt."""
        read = self._client.application(application, self._limit())
        status = read.get("status") or {}
        healthy = (status.get("health") or {}).get("status") == "Healthy"
        nodes = [] if healthy else self._nodes(application)
        return observation(read, self._workloads(application, status, nodes), self._gitops)

    def refresh(self, application: Application, hard: bool = False) -> bool:
        """Ask for a compare with the repository; False when no answer came in time."""
        seconds = min(CALL, self._left() / 2)  # it may block for ever; a look must follow
        return self._client.refresh(application, "hard" if hard else "normal", seconds)

    def start_sync(self, application: Application, seen: Observation) -> None:
        """Start a sync of what was observed; nothing is pruned.

        Only for an application without automated sync: with it the server refuses any revision.
        """
        position = seen.index + 1 if seen.sources > 1 else None
        self._client.sync(application, seen.revision, position, self._limit())

    def terminate(self, application: Application) -> None:
        """End the sync that is under way."""
        raise NotImplementedError

    def await_change(self, application: Application, seconds: float) -> None:
        """Return when the application may have changed, at the latest after `seconds`."""
        raise NotImplementedError

    def explain(self, application: Application) -> str:
        """Pod reasons and warnings, one a line; empty when they cannot be read."""
        try:
            nodes = self._client.nodes(application, _EXPLAIN)
            lines = unhealthy(nodes)[:_LINES]
            lines += self._warnings(application, _subject(nodes))
        except (SlipwayError, AttributeError, TypeError, ValueError):
            return ""  # a diagnosis never hides the verdict
        return "\n".join(printable(line) for line in lines)

    def link(self, application: Application) -> str:
        """The page of the application in Argo CD's own interface."""
        parts = [application.namespace, application.name]
        return "/".join([self._client.url, "applications", *(p for p in parts if p)])

    def _nodes(self, application: Application) -> list[Json]:
        """Nodes only bring a failure forward: without them the wait goes on."""
        try:
            return self._client.nodes(application, self._limit())
        except Retryable:
            return []

    def _limit(self) -> float:
        return min(CALL, self._left())

    def _workloads(
        self, application: Application, status: Json, nodes: Iterable[Json]
    ) -> list[Workload]:
        found = []
        for resource in status.get("resources") or ():
            if (resource.get("group"), resource.get("kind")) not in KINDS:
                continue
            try:
                manifest = self._client.manifest(application, resource, self._limit())
            except (NotFound, InvalidInput):
                continue  # wanted, not there yet: the tree does not know it
            found.append(workload(manifest, nodes))
        return found

    def _warnings(self, application: Application, subject: Json | None) -> list[str]:
        events = self._client.events(application, subject, _EXPLAIN)
        warnings = [event for event in events if event.get("type") == "Warning"]
        return [f"{e.get('reason')}: {e.get('message')}" for e in warnings[-_LINES:]]


def _subject(nodes: Iterable[Json]) -> Json | None:
    """The Pod to read events of; none: the application's own."""
    return next((n for n in nodes if n.get("kind") == "Pod" and unhealthy([n])), None)
