"""Flux's objects for a service, as text in today's API versions. Pure.

Source: Flux v2.9. Without `reconcileStrategy: Revision` a commit that only changes values is never
released; without `valuesFiles` the file that is written is not read.
"""

from textwrap import indent

from slipway.errors import InvalidInput
from slipway.layout.places import Place
from slipway.layout.text import items, scalar
from slipway.service import Application, Environment, Service

_NAMESPACE = "flux-system"


def source(service: Service) -> str:
    """The GitRepository that every environment's object refers to, whatever its namespace."""
    name = repository_name(service)
    return (
        _head("source.toolkit.fluxcd.io/v1", "GitRepository", name, _NAMESPACE)
        + f"spec:\n  interval: 1m\n  url: {scalar(service.gitops.repository)}\n"
        + f"  ref:\n    branch: {scalar(service.gitops.branch)}\n"
    )


def repository_name(service: Service) -> str:
    """What the GitOps repository is called among the engine's objects."""
    last = service.gitops.repository.removesuffix(".git").rpartition("/")[2]
    return "".join(c if c.isalnum() else "-" for c in last.lower()).strip("-")[:63] or "gitops"


def release(service: Service, environment: Environment, where: Place) -> str:
    """The HelmRelease or the Kustomization of an environment, as its updates ask for."""
    if where.folder is None:
        raise InvalidInput(
            f"the updates of {environment.name} write into an Argo CD Application, which Flux has"
            " none of",
            "let them write a values file or a kustomization, or use --engine argocd",
        )
    unit = environment.application
    if where.values:
        return _helm_release(service, unit, where.folder, where)
    return _kustomization(service, unit, where.folder)


def _head(version: str, kind: str, name: str, namespace: str | None) -> str:
    return (
        f"apiVersion: {version}\nkind: {kind}\nmetadata:\n"
        f"  name: {scalar(name)}\n  namespace: {scalar(namespace or _NAMESPACE)}\n"
    )


def _reference(service: Service, indentation: str) -> str:
    lines = (
        "sourceRef:\n  kind: GitRepository\n"
        f"  name: {scalar(repository_name(service))}\n  namespace: {_NAMESPACE}\n"
    )
    return indent(lines, indentation)


def _helm_release(service: Service, unit: Application, folder: str, where: Place) -> str:
    own = f"{folder}/values.yaml"  # Flux takes it only when it is named
    files = [f"./{file}" for file in dict.fromkeys([own, *where.values])]
    return (
        _head("helm.toolkit.fluxcd.io/v2", "HelmRelease", unit.name, unit.namespace)
        + "spec:\n  interval: 5m\n  timeout: 5m\n"
        + f"  releaseName: {scalar(unit.name)}\n  targetNamespace: {scalar(unit.name)}\n"
        + "  chart:\n    spec:\n"
        + f"      chart: {scalar(f'./{folder}')}\n"
        + "      reconcileStrategy: Revision # a commit is released, not only a new chart version\n"
        + f"      valuesFiles:\n{items(files, '        ')}"
        + _reference(service, "      ")
        + "  install:\n    createNamespace: true\n    remediation:\n      retries: 3\n"
        + "  upgrade:\n    remediation:\n      retries: 3\n      remediateLastFailure: true\n"
    )


def _kustomization(service: Service, unit: Application, folder: str) -> str:
    return (
        _head("kustomize.toolkit.fluxcd.io/v1", "Kustomization", unit.name, unit.namespace)
        + "spec:\n  interval: 5m\n  timeout: 5m\n"
        + f"  path: {scalar(f'./{folder}')}\n  prune: true\n"
        + "  wait: true # ready only when everything it applied is\n"
        + f"  targetNamespace: {scalar(unit.name)} # it has to exist\n"
        + _reference(service, "  ")
    )
