"""Chains and their workloads, as one cluster has them."""

from collections.abc import Iterable, Mapping
from typing import Any

from slipway.clients.kubernetes_failures import UnknownType
from slipway.clients.kubernetes_resources import ROLLOUT, Resource
from slipway.engines.flux_chain import DEFAULT, Chain, Reference, chart_of, source_of
from slipway.engines.flux_kinds import HELM_RELEASE, KINDS
from slipway.engines.flux_objects import part, text
from slipway.engines.kubernetes_live import JOBS, KNOWN, WORKLOADS, Kinds
from slipway.engines.kubernetes_reading import SharedCluster, Where
from slipway.engines.kubernetes_rights import Right
from slipway.errors import InvalidInput, NotFound, Unauthorized
from slipway.service import Application

Json = Mapping[str, Any]
_NAME, _NAMESPACE = "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"


class Reading(SharedCluster):
    """One cluster. Methods raise `slipway.errors`; their seconds are for each call."""

    def where(self, app: Application) -> Where:
        """The HelmRelease or Kustomization."""
        return KINDS[app.kind], place(app), app.name

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

    def workloads(self, app: Application, last: Json, seconds: float) -> list[Json]:
        """The live workloads, and jobs where it runs in such, that `last` has made."""
        kinds = kinds_of(app)
        own = [] if last.get("kind") == "HelmRelease" else _inventory(last)
        found = self.cluster.manifests(own, seconds, kinds)
        for release in self._releases(last, seconds):
            found += self._released(release, kinds, seconds)
        return found

    def rights_below(self, app: Application, last: Json, seconds: float) -> list[Right]:
        """What is read of the workloads, as far as they are known yet."""
        kinds, needed = kinds_of(app), list[Right]()
        for entry in [] if last.get("kind") == "HelmRelease" else _inventory(last):
            own = entry["group"], entry["kind"]
            if own in kinds:
                needed.append(("get", KNOWN[own], entry["namespace"], ""))
        for release in self._releases(last, seconds):
            listed = (KNOWN[own] for own in sorted(kinds) if KNOWN[own] != ROLLOUT)
            needed += [("list", each, _target(release), "") for each in listed]
        return needed

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The workloads of the application, and what is below them."""
        manifests = self.workloads(app, self.application(app, seconds / 3), seconds / 9)
        return self.cluster.nodes(manifests, seconds / 3)

    def _releases(self, last: Json, seconds: float) -> Iterable[Json]:
        """The HelmRelease itself, or those that a Kustomization has applied."""
        if last.get("kind") == "HelmRelease":
            yield last
            return
        for entry in _inventory(last):
            if (entry["group"], entry["kind"]) == (HELM_RELEASE.group, HELM_RELEASE.kind):
                try:
                    yield self._get(
                        Reference(entry["kind"], entry["namespace"], entry["name"]), seconds
                    )
                except NotFound:
                    continue  # it is gone, or was never made

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

    def _released(self, release: Json, kinds: Kinds, seconds: float) -> list[Json]:
        """By the labels that the helm-controller gives to everything in a release."""
        name, own = text(release, "metadata", "name"), text(release, "metadata", "namespace")
        labels, where = f"{_NAME}={name},{_NAMESPACE}={own}", _target(release)
        return [
            {**each, "kind": kind}  # a list leaves it out
            for group, kind in sorted(kinds)
            for each in self._listed(KNOWN[group, kind], where, labels, seconds)
        ]

    def _listed(
        self, resource: Resource, where: str, labels: str, seconds: float
    ) -> Iterable[Json]:
        """Most clusters have no Rollouts, and users who may not list what is not there."""
        try:
            return self._client.list(resource, where, seconds, labels).items
        except (UnknownType, NotFound, Unauthorized):
            if resource != ROLLOUT:
                raise
            return ()


def place(app: Application) -> str:
    """The namespace of the HelmRelease or Kustomization."""
    return app.namespace or DEFAULT


def kinds_of(app: Application) -> Kinds:
    """Kinds of objects that may run the image."""
    return WORKLOADS | JOBS if app.runs_in == "jobs" else WORKLOADS


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
