"""Argo CD through its REST API."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from slipway.clients.argocd import Client
from slipway.clients.argocd_stream import POLL, Limits, Stream
from slipway.engines.argocd_diagnosis import diagnosis
from slipway.engines.argocd_status import observation
from slipway.engines.argocd_versions import unsupported
from slipway.engines.argocd_windows import told_block, with_block
from slipway.engines.argocd_workloads import JOBS, KINDS, workloads
from slipway.engines.parents import below, parent_of
from slipway.errors import InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.readiness.observation import Observation, Workload
from slipway.service import Application, GitOps

Json = Mapping[str, Any]
CALL = 30.0  # seconds one call may take
_NOTE = 2.0  # seconds for what only helps people


class ArgoCD:
    """One Argo CD API server; `left` says how many seconds there still are. Close it."""

    def __init__(
        self,
        client: Client,
        gitops: GitOps | None,
        left: Callable[[], float],
        limits: Limits | None = None,
    ) -> None:
        self._client, self._gitops, self._left, self._limits = client, gitops, left, limits
        self._stream: Stream | None = None
        self._complained = False

    def close(self) -> None:
        """End the event stream."""
        if self._stream:
            self._stream.close()

    def examine(self, application: Application) -> None:
        """Raise what is wrong with the login, the permissions or the application's name."""
        user = self._client.user(self._limit())
        if user is None:
            raise Unauthorized(
                f"{self._client.url} does not accept the token",
                "it is expired, revoked or of another server: set a new argocd_token",
            )
        for each in filter(None, (parent_of(application), application)):
            missing = unsupported(self._read(each), self._client.version(self._limit()))
            if missing:
                hint = "update Argo CD, or deploy the application from a source it knows"
                raise InvalidInput(f"application '{each.name}': {missing}", hint)
        needed = "sync" if application.sync == "manual" or application.terminate else "get"
        if not self._client.may(application, needed, self._limit()):
            target = f"{application.project}/{application.name}"
            raise Unauthorized(
                f"'{user}' may not {needed} application '{application.name}'",
                f"allow 'applications, {needed}, {target}' for that account",
            )

    def observe(self, application: Application) -> Observation:
        """One reading. The verdict's fields come from one GET; live workloads only add doubt.

        Raises NotMade when only the parent is there.
        """
        above = parent_of(application)
        parent = self._seen(above, self._read(above), ()) if above else None
        with below(parent):
            read = self._read(application)
        status = read.get("status") or {}
        healthy = (status.get("health") or {}).get("status") == "Healthy"
        nodes = [] if healthy else self._nodes(application)
        workloads = self._workloads(application, status, nodes)
        return self._seen(application, read, workloads, parent)

    def _read(self, application: Application) -> Json:
        return self._client.application(application, self._limit())

    def _seen(
        self,
        application: Application,
        read: Json,
        workloads: Sequence[Workload],
        parent: Observation | None = None,
    ) -> Observation:
        seen = observation(read, workloads, self._gitops, parent)
        where = (read, self._client, application)
        return with_block(seen, lambda manual: told_block(*where, self._limit(), manual))

    def refresh(self, application: Application, hard: bool = False) -> bool:
        """Ask for a compare with the repository; False when no answer came in time."""
        seconds = min(CALL, self._left() / 2)  # it may block for ever; a look must follow
        return self._client.refresh(application, "hard" if hard else "normal", seconds)

    def start_sync(self, application: Application, seen: Observation) -> None:
        """Start a sync of what was observed; nothing is pruned.

        With automated sync on the server refuses every revision but the one it follows; with
        hydration the commits that are seen are not those that are synced.
        """
        revision = "" if seen.auto_sync or seen.hydrated else seen.revision
        position = seen.index + 1 if seen.sources > 1 else None
        self._client.sync(application, revision, position, self._limit())

    def terminate(self, application: Application) -> None:
        """End the sync that is under way; Retryable when there is none."""
        self._client.terminate(application, self._limit())

    def await_change(self, application: Application, seconds: float) -> str | None:
        """Return at the next event, or after a second when the stream does not work."""
        if self._stream is None:
            self._stream = self._client.stream(application, self._limits)
        self._stream.wait(seconds)
        if self._stream.live or not self._stream.trouble or self._complained:
            return None
        self._complained = True
        return f"no event stream, asking every {POLL:.0f} s instead: {self._why(application)}"

    def explain(self, application: Application) -> str:
        """Pod reasons, warnings and a log, one a line; empty when they cannot be read."""
        return diagnosis(self._client, application, self._client.version)

    def link(self, application: Application) -> str:
        """The page of the application in Argo CD's own interface."""
        parts = [application.namespace, application.name]
        return "/".join([self._client.url, "applications", *(p for p in parts if p)])

    def _why(self, application: Application) -> str:
        """A stream that may not be seen says nothing at all."""
        trouble = self._stream.trouble if self._stream else ""
        try:
            allowed = self._client.may(application, "get", _NOTE)
        except SlipwayError:
            return trouble
        target = f"{application.project}/{application.name}"
        return trouble if allowed else f"{trouble}; the token lacks 'applications, get, {target}'"

    def _nodes(self, application: Application) -> list[Json]:
        """Nodes only bring a failure forward: without them the wait goes on."""
        try:
            return self._client.live.nodes(application, self._limit())
        except Retryable:
            return []

    def _limit(self) -> float:
        return min(CALL, self._left())

    def _workloads(
        self, application: Application, status: Json, nodes: Iterable[Json]
    ) -> list[Workload]:
        found: list[Json] = []
        kinds = KINDS | JOBS if application.runs_in == "jobs" else KINDS
        for resource in status.get("resources") or ():
            if (resource.get("group"), resource.get("kind")) not in kinds:
                continue
            try:
                found.append(self._client.live.manifest(application, resource, self._limit()))
            except (NotFound, InvalidInput):
                continue  # wanted, not there yet: the tree does not know it
        return workloads(found, nodes)
