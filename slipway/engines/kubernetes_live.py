"""What one cluster shows of an application's workloads: manifests, their Pods, events, logs."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import (
    CRON_JOB,
    DAEMON_SET,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    ROLLOUT,
    STATEFUL_SET,
    Resource,
)
from slipway.engines.kubernetes_nodes import below, node
from slipway.errors import InvalidInput, NotFound

Json = Mapping[str, Any]
Kinds = frozenset[tuple[str, str]]  # API group and kind
_LEAST = 0.1  # seconds
KNOWN: dict[tuple[str, str], Resource] = {
    (each.group, each.kind): each
    for each in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, ROLLOUT, JOB, CRON_JOB)
}
JOBS: Kinds = frozenset(own for own in KNOWN if own[0] == "batch")
WORKLOADS: Kinds = frozenset(KNOWN) - JOBS


def countdown(seconds: float) -> Callable[[], float]:
    """How many seconds are left of these, never none at all."""
    end = time.monotonic() + seconds
    return lambda: max(_LEAST, end - time.monotonic())


class Live:
    """One cluster. Methods raise `slipway.errors`; their seconds are for all that they read."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def manifests(
        self, resources: Iterable[Json], seconds: float, kinds: Kinds = WORKLOADS
    ) -> list[Json]:
        """The live objects of these kinds among the resources that an application manages.

        One that is wanted and not there yet is left out.
        """
        found, left = [], countdown(seconds)
        for resource in resources:
            own = str(resource.get("group") or ""), str(resource.get("kind"))
            if own not in kinds:
                continue
            place, name = str(resource.get("namespace") or ""), str(resource.get("name"))
            try:
                found.append(self._client.get(KNOWN[own], place, name, left()))
            except NotFound:
                continue
        return found

    def nodes(self, manifests: Iterable[Json], seconds: float) -> list[Json]:
        """The workloads, and all their ReplicaSets and Pods, as nodes of a tree."""
        workloads, left = list(manifests), countdown(seconds)
        found: dict[str, Json] = {}
        for manifest in workloads:
            place = str((manifest.get("metadata") or {}).get("namespace"))
            labels = _selector(manifest)
            for kind in (REPLICA_SET, POD):
                listed = self._client.list(kind, place, left(), labels).items
                nodes = (node(each, kind.kind) for each in listed)
                found |= {str(each["uid"]): each for each in nodes}
        return below(found.values(), [node(each, str(each.get("kind"))) for each in workloads])

    def events(self, subject: Json, seconds: float) -> list[Json]:
        """Events of one node, oldest first."""
        kind, name, place = (str(subject.get(key)) for key in ("kind", "name", "namespace"))
        return sorted(self._client.events(place, kind, name, seconds), key=_when)

    def log(self, pod: Json, container: str, lines: int, seconds: float) -> list[str]:
        """The last lines of a container of a Pod; none: of the first that is not ready."""
        name, place = str(pod.get("name")), str(pod.get("namespace"))
        left = countdown(seconds)
        chosen = container or _failing(self._client.get(POD, place, name, left()))
        for previous in (False, True):  # one that has just been started again is still silent
            try:
                found = self._client.log(place, name, chosen, lines, left(), previous)
            except InvalidInput:  # there was no such container yet
                continue
            if found:
                return list(found)
        return []


def _failing(pod: Json) -> str:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    names = [str(each.get("name")) for each in statuses if not each.get("ready")]
    return names[0] if names else ""


def _selector(manifest: Json) -> str:
    """The labels that a workload's Pods have."""
    selector = (manifest.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels") or {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def _when(event: Json) -> str:
    times = (event.get(key) for key in ("lastTimestamp", "eventTime", "firstTimestamp"))
    return str(next((found for found in times if found), ""))
