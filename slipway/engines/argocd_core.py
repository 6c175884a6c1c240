"""Argo CD without its API server: Application objects through the Kubernetes API.

The same objects give the same observation as through the REST API. What that server checks for its
clients is checked here: one operation at a time, sync windows, no other revision under automated
sync.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_failures import Outdated
from slipway.engines.argocd_core_changes import ending, refreshed, refreshing, starting
from slipway.engines.argocd_core_reading import Reading
from slipway.engines.argocd_core_rights import check_place, check_project, rights, rights_below
from slipway.engines.argocd_diagnosis import diagnosis
from slipway.engines.argocd_status import observation
from slipway.engines.argocd_windows import with_block
from slipway.engines.argocd_workloads import workloads
from slipway.engines.kubernetes_changes import changes
from slipway.engines.kubernetes_health import with_health
from slipway.engines.kubernetes_reading import Notice, version
from slipway.engines.kubernetes_rights import Right, check_rights
from slipway.engines.parents import below, parent_of
from slipway.errors import Closed, Retryable
from slipway.readiness.observation import Block, Observation, Workload
from slipway.readiness.windows import block, target
from slipway.service import Application, GitOps

Json = Mapping[str, Any]
CALL = 30.0  # seconds one call may take
_TRIES = 5  # of a change that others get in the way of


class ArgoCDCore:
    """One cluster with Argo CD's controller; `left` says how many seconds there still are."""

    def __init__(self, client: Client, gitops: GitOps | None, left: Callable[[], float]) -> None:
        self._client, self._gitops, self._left = client, gitops, left
        self._reading = Reading(client)
        self._notice = Notice(client)

    def examine(self, application: Application) -> None:
        """Raise what is wrong with the permissions or the application's name."""
        needed: list[Right] = []
        for each in filter(None, (parent_of(application), application)):
            read = self._read(each)
            check_project(each, read)
            needed += rights(read)
        check_place(application, read)
        about = f"application '{application.name}'"
        check_rights(self._client, about, [*needed, *rights_below(read)], self._limit())

    def observe(self, application: Application) -> Observation:
        """One reading. The verdict's fields come from one GET; live workloads only add doubt.

        Raises NotMade when only the parent is there.
        """
        above = parent_of(application)
        parent = self._seen(self._read(above), ()) if above else None
        with below(parent):
            read = self._read(application)
        check_project(application, read)
        check_place(application, read)
        live = self._reading.manifests(read, self._limit())
        healthy = ((read.get("status") or {}).get("health") or {}).get("status") == "Healthy"
        nodes = [] if healthy else self._nodes(live)
        found = workloads(live, nodes)
        if application.runs_in != "jobs":
            found = [each for each in found if not each.batch]
        return self._seen(with_health(read, live), found, parent)

    def refresh(self, application: Application, hard: bool = False) -> bool:
        """Ask for a compare with the repository; False when none was made in time."""
        change = refreshing("hard" if hard else "normal")
        where = self._reading.where(application)
        seconds = min(CALL, self._left() / 2)  # the controller may be down; a look must follow
        after = self._client.patch(*where, change, seconds)
        told = changes(self._client, *where, version(after), seconds)
        return any(refreshed(each) for each in told)

    def start_sync(self, application: Application, seen: Observation) -> None:
        """Start a sync of what was observed; nothing is pruned.

        Raises Closed in a sync window that forbids it, Retryable while another operation is there,
        Conflict when the application is being deleted.
        """
        self._change(application, lambda read: starting(self._open(read), seen))

    def terminate(self, application: Application) -> None:
        """End the sync that is under way; Retryable when there is none."""
        self._change(application, ending)

    def await_change(self, application: Application, seconds: float) -> str | None:
        """Return at the next change of the object, or after a second when none are told."""
        return self._notice.wait(self._reading.where(application), seconds)

    def explain(self, application: Application) -> str:
        """Pod reasons, warnings and a log, one a line; empty when they cannot be read."""
        return diagnosis(self._reading, application)

    def link(self, application: Application) -> str:
        """There is no page: the command that shows the application."""
        _, namespace, name = self._reading.where(application)
        return f"kubectl -n {namespace} get application {name} -o yaml"

    def _read(self, application: Application) -> Json:
        read = self._reading.application(application, self._limit())
        self._notice.seen(self._reading.where(application), read)
        return read

    def _seen(
        self, read: Json, workloads: Sequence[Workload], parent: Observation | None = None
    ) -> Observation:
        seen = observation(read, workloads, self._gitops, parent)
        return with_block(seen, lambda manual: self._block(read, manual))

    def _nodes(self, manifests: list[Json]) -> list[Json]:
        """Nodes only bring a failure forward: without them the wait goes on."""
        try:
            return self._reading.cluster.nodes(manifests, self._limit())
        except Retryable:
            return []

    def _block(self, read: Json, manual: bool) -> Block | None:
        """Why a sync may not start now, by the windows of the project."""
        windows = self._reading.windows(read, self._limit())
        return block(windows, target(read), datetime.now(UTC), manual=manual)

    def _open(self, read: Json) -> Json:
        """The same application, if a person may start a sync of it now."""
        closed = self._block(read, manual=True)
        if closed:
            raise Closed(f"the sync may not start: {closed.reason}", "wait for the sync window")
        return read

    def _change(self, application: Application, decide: Callable[[Json], Json]) -> None:
        """One patch, decided on the newest reading and taken only while that is the newest."""
        for attempt in range(_TRIES):
            read = self._read(application)
            change, where = decide(read), self._reading.where(application)
            try:
                self._client.patch(*where, change, self._limit(), version=version(read))
            except Outdated:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def _limit(self) -> float:
        return min(CALL, self._left())
