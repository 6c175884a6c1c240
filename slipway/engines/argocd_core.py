"""Argo CD without its API server: Application objects through the Kubernetes API.

The same objects give the same observation as through the REST API. What that server checks for its
clients is checked here: one operation at a time, sync windows, no other revision under automated
sync.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_failures import Outdated
from slipway.clients.kubernetes_resources import APPLICATION
from slipway.engines.argocd_core_changes import ending, refreshed, refreshing, starting
from slipway.engines.argocd_core_reading import Reading, place, version
from slipway.engines.argocd_core_rights import check_place, check_project, check_rights
from slipway.engines.argocd_diagnosis import diagnosis
from slipway.engines.argocd_status import observation
from slipway.engines.argocd_windows import with_block
from slipway.engines.argocd_workloads import workloads
from slipway.engines.kubernetes_changes import changes
from slipway.engines.kubernetes_health import with_health
from slipway.engines.parents import parent_of
from slipway.errors import Closed, Retryable, SlipwayError
from slipway.readiness.observation import Block, Observation, Workload
from slipway.readiness.windows import block, target
from slipway.service import Application, GitOps

Json = Mapping[str, Any]
CALL = 30.0  # seconds one call may take
_TRIES = 5  # of a change that others get in the way of
_POLL = 1.0  # seconds between two looks where changes are not told


class ArgoCDCore:
    """One cluster with Argo CD's controller; `left` says how many seconds there still are."""

    def __init__(self, client: Client, gitops: GitOps | None, left: Callable[[], float]) -> None:
        self._client, self._gitops, self._left = client, gitops, left
        self._reading = Reading(client)
        self._versions: dict[str, str] = {}  # resourceVersion of the newest reading, by name
        self._complained = False

    def examine(self, application: Application) -> None:
        """Raise what is wrong with the permissions or the application's name."""
        for each in filter(None, (parent_of(application), application)):
            read = self._read(each)
            check_project(each, read)
        check_place(application, read)
        check_rights(self._client, application, read, self._limit())

    def observe(self, application: Application) -> Observation:
        """One reading. The verdict's fields come from one GET; live workloads only add doubt."""
        above = parent_of(application)
        parent = self._seen(self._read(above), ()) if above else None
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
        where = (APPLICATION, place(application), application.name)
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
        since = self._versions.get(application.name)
        if not since or self._complained:
            time.sleep(min(_POLL, seconds))
            return None
        where = (APPLICATION, place(application), application.name)
        try:
            next(changes(self._client, *where, since, seconds), None)
        except SlipwayError as error:
            self._complained = True
            return f"no watch, asking every {_POLL:.0f} s instead: {error.message}"
        return None

    def explain(self, application: Application) -> str:
        """Pod reasons, warnings and a log, one a line; empty when they cannot be read."""
        return diagnosis(self._reading, application)

    def link(self, application: Application) -> str:
        """There is no page: the command that shows the application."""
        return f"kubectl -n {place(application)} get application {application.name} -o yaml"

    def _read(self, application: Application) -> Json:
        read = self._reading.application(application, self._limit())
        self._versions[application.name] = version(read)
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
            change, where = decide(read), (APPLICATION, place(application), application.name)
            try:
                self._client.patch(*where, change, self._limit(), version=version(read))
            except Outdated:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def _limit(self) -> float:
        return min(CALL, self._left())
