"""Chains and their workloads, as one cluster has them."""

from collections.abc import Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_failures import UnknownType
from slipway.clients.kubernetes_resources import DAEMON_SET, DEPLOYMENT, STATEFUL_SET, Resource
from slipway.engines.flux_chain import DEFAULT, Chain, Reference, chart_of, source_of
from slipway.engines.flux_kinds import KINDS
from slipway.engines.flux_objects import part, text
from slipway.engines.kubernetes_live import Live
from slipway.errors import InvalidInput, NotFound
from slipway.service import Application

Json = Mapping[str, Any]
WORKLOADS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET)
_NAME, _NAMESPACE = "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"


class Reading:
    """One cluster. Methods raise `slipway.errors`; their seconds are for each call."""

    def __init__(self, client: Client) -> None:
        self._client, self.cluster = client, Live(client)

    @property
    def live(self) -> "Reading":
        """Flux and its workloads share a cluster."""
        return self

    def application(self, app: Application, seconds: float) -> Json:
        """The HelmRelease or Kustomization."""
        return self._get(Reference(app.kind, place(app), app.name), seconds)

    def chain(self, app: Application, seconds: float) -> Chain:
        """The objects from the source on; a chart that is not made yet is left out."""
        last = self.application(app, seconds)
        chart = self._chart(last, seconds)
        reference = source_of(last, chart)
        source = self._get(reference, seconds) if reference else None
        return Chain(last, source, chart)

    def again(self, value: Json, seconds: float) -> Json:
        """The same object, read anew."""
        return self._get(reference_to(value), seconds)

    def workloads(self, last: Json, seconds: float) -> list[Json]:
        """The live workloads that the HelmRelease or Kustomization has made."""
        if last.get("kind") == "HelmRelease":
            name, namespace = text(last, "metadata", "name"), text(last, "metadata", "namespace")
            return self._released(_target(last), name, namespace, seconds)
        resources = _inventory(last)
        found = self.cluster.manifests(resources, seconds)
        for each in resources:
            if each["kind"] == "HelmRelease":
                place_ = each["namespace"]
                found += self._released(place_, each["name"], place_, seconds)
        return found

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The workloads of the application, and what is below them."""
        manifests = self.workloads(self.application(app, seconds / 3), seconds / 9)
        return self.cluster.nodes(manifests, seconds / 3)

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of one node, or of the application."""
        own = {"kind": app.kind, "name": app.name, "namespace": place(app)}
        return self.cluster.events(subject or own, seconds)

    def log(
        self, app: Application, pod: Json, container: str, lines: int, seconds: float
    ) -> list[str]:
        """The last lines of a container of a Pod of `app`; none: of one that is not ready."""
        del app  # a Pod has its own name here
        return self.cluster.log(pod, container, lines, seconds)

    def _chart(self, last: Json, seconds: float) -> Json | None:
        reference = chart_of(last) if last.get("kind") == "HelmRelease" else None
        try:
            return self._get(reference, seconds) if reference else None
        except NotFound:
            return None

    def _get(self, reference: Reference, seconds: float) -> Json:
        resource = KINDS.get(reference.kind)
        if resource is None:
            raise InvalidInput(
                f"a source of kind {reference.kind or 'nothing'} cannot be followed",
                f"use one of these: {', '.join(KINDS)}",
            )
        try:
            return self._client.get(resource, reference.namespace, reference.name, seconds)
        except UnknownType:
            self._check_version(resource, seconds)
            raise

    def _check_version(self, resource: Resource, seconds: float) -> None:
        """An older Flux does not become a newer one by waiting."""
        known = self._client.versions(resource.group, seconds)
        if known and resource.version not in known:
            raise InvalidInput(
                f"the cluster's Flux has {resource.group} in version {', '.join(known)} only, not"
                f" in {resource.version}",
                "update Flux: these versions are removed from it",
            )

    def _released(self, where: str, name: str, namespace: str, seconds: float) -> list[Json]:
        """By the labels that the helm-controller gives to everything in a release."""
        labels = f"{_NAME}={name},{_NAMESPACE}={namespace}"
        return [
            {**each, "kind": resource.kind}  # a list leaves it out
            for resource in WORKLOADS
            for each in self._client.list(resource, where, seconds, labels).items
        ]


def place(app: Application) -> str:
    """The namespace of the HelmRelease or Kustomization."""
    return app.namespace or DEFAULT


def reads_below(last: Json) -> list[tuple[str, Resource, str]]:
    """Verb, type and namespace of the workloads that are read for it, as far as is known yet."""
    if last.get("kind") == "HelmRelease":
        return [("list", each, _target(last)) for each in WORKLOADS]
    needed = []
    for entry in _inventory(last):
        place_, kind = entry["namespace"], entry["kind"]
        needed += [("get", each, place_) for each in WORKLOADS if each.kind == kind]
        needed += [("list", each, place_) for each in WORKLOADS if kind == "HelmRelease"]
    return list(dict.fromkeys(needed))


def reference_to(value: Json) -> Reference:
    """What names an object that was read."""
    names = (text(value, "metadata", key) for key in ("namespace", "name"))
    return Reference(str(value.get("kind")), *names)


def _target(release: Json) -> str:
    history = part(release, "status").get("history") or ()
    found = text(history[0], "namespace") if history else ""
    return (
        found or text(release, "spec", "targetNamespace") or text(release, "metadata", "namespace")
    )


def _inventory(kustomization: Json) -> list[dict[str, str]]:
    entries = part(kustomization, "status", "inventory").get("entries") or ()
    return [_resource(str(entry.get("id", ""))) for entry in entries]


def _resource(entry: str) -> dict[str, str]:
    """`<namespace>_<name>_<group>_<kind>` of an inventory."""
    namespace, _, rest = entry.partition("_")
    name, group, kind = ([*rest.rsplit("_", 2), "", ""])[:3]
    return {"namespace": namespace, "name": name, "group": group, "kind": kind}
