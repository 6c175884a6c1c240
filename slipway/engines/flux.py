"""Flux, through the Kubernetes API: it has no other one.

Flux syncs by itself. It can be asked to look now, by a token in an annotation of the source: only
that gets new content of the repository. The echo of the token says that it was looked, not with
what result.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.engines.argocd_diagnosis import diagnosis
from slipway.engines.argocd_workloads import workloads
from slipway.engines.flux_chain import DEFAULT, Chain, checked_links
from slipway.engines.flux_cluster import Reading, place, reference_to
from slipway.engines.flux_kinds import KINDS
from slipway.engines.flux_objects import condition, holds, named, part, phase, text, told
from slipway.engines.flux_rights import check_manual, check_place, rights, rights_to_nodes
from slipway.engines.flux_status import observation
from slipway.engines.kubernetes_changes import changes
from slipway.engines.kubernetes_reading import Notice, version
from slipway.engines.kubernetes_rights import check_rights
from slipway.engines.parents import below, parent_of
from slipway.errors import Conflict, NotFound, Retryable, SlipwayError
from slipway.readiness.observation import Observation
from slipway.service import Application, GitOps

Json = Mapping[str, Any]
CALL = 30.0  # seconds one call may take
_DIAGNOSIS = 3.0  # seconds
_REQUEST = "reconcile.fluxcd.io/requestedAt"
_OWNER, _OWNED_IN = "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"


class Flux:
    """One cluster with Flux in it; `left` says how many seconds there still are."""

    def __init__(self, client: Client, gitops: GitOps | None, left: Callable[[], float]) -> None:
        self._client, self._gitops, self._left = client, gitops, left
        self._reading = Reading(client)
        self._notice = Notice(client)
        self._parents: dict[str, str] = {}  # namespace of a parent, by its name

    def examine(self, application: Application) -> None:
        """Raise what is wrong with the configuration, the permissions or the name."""
        check_manual(application)
        above = self._above(application)
        upper = rights(self._reading.chain(above, self._limit())) if above else []
        chain = self._read(application)
        check_place(chain)
        pods = self._reading.rights_below(application, chain.last, self._limit())
        needed = [*upper, *rights(chain), *pods, *rights_to_nodes(pods)]
        check_rights(self._client, named(chain.last), needed, self._limit())

    def observe(self, application: Application) -> Observation:
        """One reading: the chain, link by link, and the workloads at its end.

        Raises NotMade when only the parent is there.
        """
        chain, parent = self._family(application)
        manifests = self._reading.workloads(application, chain.last, self._limit())
        nodes = [] if phase(chain.last) == "ready" else self._nodes(manifests)
        live = workloads(manifests, nodes)
        return observation(chain, live, self._gitops, parent)

    def refresh(self, application: Application, hard: bool = False) -> bool:  # noqa: ARG002
        """Ask for a look at the repository; False when there was none in time.

        There is no other kind: Flux keeps no cache that a hard one would drop.
        """
        chain = self._reading.chain(self._placed(application), self._limit())
        token, source = str(uuid.uuid4()), _asked_first(chain)
        seconds = min(CALL, self._left() / 2)  # the controller may be down; a look must follow
        if not self._echoed(source, token, seconds):
            return False
        last = self._reading.again(chain.last, self._limit())
        if source is not chain.last and not holds(last, "Reconciling"):
            self._request(last, token)  # its own look may have come before the source's
        return True

    def start_sync(self, application: Application, seen: Observation) -> None:  # noqa: ARG002
        """Ask the last object of the chain to reconcile now; it would do so by itself.

        Raises InvalidInput for `sync: manual`.
        """
        check_manual(application)
        chain = self._reading.chain(self._placed(application), self._limit())
        self._request(chain.last, str(uuid.uuid4()))

    def terminate(self, application: Application) -> None:
        """Conflict: there is no way to end an action of Flux."""
        raise Conflict(
            f"application '{application.name}': what Flux has begun cannot be ended by a client",
            "wait until spec.timeout of the object is over, or make it shorter",
        )

    def await_change(self, application: Application, seconds: float) -> str | None:
        """Return at the next change of the last object, or after a second when none are told."""
        return self._notice.wait(self._reading.where(application), seconds)

    def explain(self, application: Application) -> str:
        """What is not ready, Pod reasons, warnings and a log, one a line."""
        try:
            chain = self._reading.chain(application, _DIAGNOSIS / 3)
        except SlipwayError:
            return ""  # a diagnosis never hides the verdict
        bad = (each for each in checked_links(chain) if phase(each) != "ready")
        lines = [f"{named(each)}: {told(condition(each, 'Ready'))}" for each in bad]
        return "\n".join(filter(None, [*lines, diagnosis(self._reading, application)]))

    def link(self, application: Application) -> str:
        """There is no page: the command that shows the application."""
        return f"flux get {application.kind.lower()} {application.name} -n {place(application)}"

    def _family(self, application: Application) -> tuple[Chain, Observation | None]:
        """The chain, and a reading of its parent that was taken before."""
        above = self._above(application)
        if above is None:
            return self._read(application), None
        parent = observation(self._reading.chain(above, self._limit()), (), self._gitops)
        with below(parent):
            return self._read(application), parent

    def _read(self, application: Application) -> Chain:
        chain = self._reading.chain(application, self._limit())
        self._notice.seen(self._reading.where(application), chain.last)
        return chain

    def _above(self, application: Application) -> Application | None:
        """The Kustomization that applies the object: the object's labels know where it is."""
        above = parent_of(application)
        if above is None:
            return None
        labels = part(self._found(application), "metadata", "labels")
        namespace = labels.get(_OWNED_IN) if labels.get(_OWNER) == above.name else None
        if not namespace:  # beside the object, or where Flux is installed
            namespace = place(above) if self._found(above) else DEFAULT
        self._parents[above.name] = str(namespace)
        return self._placed(above)

    def _found(self, application: Application) -> Json:
        """The object; empty while it is not there."""
        try:
            return self._reading.application(application, self._limit())
        except NotFound:
            return {}

    def _placed(self, application: Application) -> Application:
        """The parent with its namespace; anything else as it is."""
        found = self._parents.get(application.name) if application.parent is None else None
        return application.model_copy(update={"namespace": found}) if found else application

    def _echoed(self, value: Json, token: str, seconds: float) -> bool:
        """Ask an object to be reconciled, and wait for its word that it was."""
        after, reference = self._request(value, token), reference_to(value)
        where = (KINDS[reference.kind], reference.namespace, reference.name)
        told_of = changes(self._client, *where, version(after), seconds)
        return any(text(each, "status", "lastHandledReconcileAt") == token for each in told_of)

    def _request(self, value: Json, token: str) -> Json:
        reference = reference_to(value)
        change = {"metadata": {"annotations": {_REQUEST: token}}}
        where = (KINDS[reference.kind], reference.namespace, reference.name)
        return self._client.patch(*where, change, self._limit())

    def _nodes(self, manifests: list[Json]) -> list[Json]:
        """Nodes only bring a failure forward: without them the wait goes on."""
        try:
            return self._reading.cluster.nodes(manifests, self._limit())
        except Retryable:
            return []

    def _limit(self) -> float:
        return min(CALL, self._left())


def _asked_first(chain: Chain) -> Json:
    """The source; a HelmRepository answers no token when it is one of the registry's kind."""
    source = chain.source
    return source if source and source in checked_links(chain) else chain.last
