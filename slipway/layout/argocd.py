"""Argo CD's objects for a service, as text in today's API versions. Pure.

Sources: Argo CD v3.5 line. What is left out on purpose: the finalizer (Kubernetes warns about its
name), annotations for notifications (they need a controller that is not always there), `chart`
beside an `oci://` address (it is ignored), sync options as annotations of an Application (they are
read from resources only).
"""

import posixpath
from collections.abc import Iterable, Sequence
from textwrap import indent

from slipway.layout.places import Place
from slipway.layout.seeds import FIRST, initial, tree
from slipway.layout.text import items, mapping, scalar
from slipway.manifests import keypath
from slipway.service import Application, Environment, Service

_NAMESPACE = "argocd"
_CLUSTER = "https://kubernetes.default.svc"
_AUTOMATED = """\
    automated:
      prune: true
      selfHeal: true
"""
_RETRY = """\
    retry:
      limit: 5
      backoff:
        duration: 5s
        factor: 2
        maxDuration: 3m
      refresh: true # a newer commit takes the place of one that fails; Argo CD 3.2 or newer
"""
_MANUAL = """\
  # Not automated: a sync is started on purpose, after the approval.
"""


def application(service: Service, environment: Environment, where: Place) -> str:
    """The Application of an environment: automatic or manual, as `application.sync` says."""
    unit = environment.application
    automatic = unit.sync == "automatic"
    return (
        _head("Application", unit.name, unit)
        + f"spec:\n  project: {scalar(unit.project)}\n"
        + _sources(service, where)
        + f"  destination:\n    server: {_CLUSTER}\n    namespace: {scalar(unit.name)}\n"
        + ("" if automatic else _MANUAL)
        + "  syncPolicy:\n"
        + (_AUTOMATED if automatic else "")
        + "    syncOptions:\n      - CreateNamespace=true\n"
        + (_RETRY if automatic else "")
        + "  revisionHistoryLimit: 10 # how many earlier syncs are remembered\n"
    )


def _head(kind: str, name: str, unit: Application) -> str:
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata:\n"
        f"  name: {scalar(name)}\n  namespace: {scalar(unit.namespace or _NAMESPACE)}\n"
    )


def _sources(service: Service, where: Place) -> str:
    if where.folder is None:
        return _from_registry(service, where)
    source = (
        f"repoURL: {scalar(service.gitops.repository)}\n"
        f"targetRevision: {scalar(service.gitops.branch)}\n"
        f"path: {scalar(where.folder or '.')}\n"
    )
    if where.values:
        names = [posixpath.relpath(file, where.folder or ".") for file in where.values]
        source += "helm:\n" + indent(_helm(service, names), "  ")
    elif not where.kustomize:
        source += "directory:\n  recurse: true\n"
    return "  source:\n" + indent(source, "    ")


def _helm(service: Service, files: Sequence[str]) -> str:
    named = f"valueFiles:\n{items(files, '  ')}" if files else ""
    return f"releaseName: {scalar(service.service)}\n{named}"


def _from_registry(service: Service, where: Place) -> str:
    """The published chart, and the repository as the source that its values files come from."""
    values = [f"$values/{file}" for file in where.values]
    ways = [(keypath.parse(update.key), initial(update)) for update in where.inline]
    inline = [
        (steps[steps.index("valuesObject") + 1 :], value)
        for steps, value in ways
        if "valuesObject" in steps
    ]
    helm = _helm(service, values)
    if inline:
        helm += "valuesObject:\n" + mapping(tree(inline), "  ")
    # An oci:// address is the chart's own; any other is a repository of charts.
    oci = where.chart.startswith("oci://")
    chart = "path: ." if oci else f"chart: {scalar(service.service)}"
    first = (
        f"- repoURL: {scalar(where.chart)}\n"
        f'  targetRevision: "{FIRST}" # a version: in quotes, or it could be read as a number\n'
        f"  {chart}\n  helm:\n{indent(helm, '    ')}"
    )
    second = (
        f"- repoURL: {scalar(service.gitops.repository)}\n"
        f"  targetRevision: {scalar(service.gitops.branch)}\n"
        "  ref: values\n"
    )
    return "  sources:\n" + indent(first + (second if values else ""), "    ")


def project(service: Service, name: str, charts: Iterable[str]) -> str:
    """The AppProject `name`: what its applications may read, and where they may go."""
    units = [e.application for e in service.environments if e.application.project == name]
    places = "".join(
        f"    - server: {_CLUSTER}\n      namespace: {scalar(unit.name)}\n" for unit in units
    )
    repositories = [service.gitops.repository, *charts]
    policies = [
        f"p, proj:{name}:slipway, {what}, {verb}, {name}/*, allow"
        for what, verb in (("applications", "get"), ("applications", "sync"), ("logs", "get"))
    ]
    return (
        "# Applied by hand and not by a sync: the tokens of its roles are kept in this object.\n"
        + _head("AppProject", name, units[0])
        + f"spec:\n  description: What {service.service} may read, and where it may run\n"
        + f"  sourceRepos:\n{items(repositories, '    ')}"
        + f"  destinations:\n{places}"
        + '  clusterResourceWhitelist:\n    - group: ""\n      kind: Namespace\n'
        + "  roles:\n    - name: slipway\n      description: looks, and starts syncs\n"
        + f"      policies:\n{items(policies, '        ')}"
    )


def parent(service: Service, name: str, unit: Application, places: Sequence[Place]) -> str:
    """The Application that applies the Applications: the only one that a person applies."""
    folder, only = _below(places)
    return (
        f"# Applies the Applications below {folder}/. Apply this one by hand, once.\n"
        + _head("Application", name, unit)
        + "spec:\n  project: default\n  source:\n"
        + f"    repoURL: {scalar(service.gitops.repository)}\n"
        + f"    targetRevision: {scalar(service.gitops.branch)}\n"
        + f"    path: {scalar(folder)}\n    directory:\n      recurse: true\n{only}"
        + f"  destination:\n    server: {_CLUSTER}\n"
        + f"    namespace: {scalar(unit.namespace or _NAMESPACE)}\n"
        + "  syncPolicy:\n    automated:\n"
        + "      prune: false # an Application that leaves the repository goes on running\n"
        + "      selfHeal: true\n"
        + _RETRY
    )


def _below(places: Sequence[Place]) -> tuple[str, str]:
    """The folder of all Applications, and a filter where it holds other manifests as well."""
    files = [where.application for where in places]
    root = posixpath.commonpath([posixpath.dirname(file) for file in files])
    folder = "apps" if all(file.startswith("apps/") for file in files) else root
    mixed = any(f"{where.folder}/".startswith(f"{folder}/") for where in places if where.folder)
    names = ",".join(posixpath.relpath(file, folder or ".") for file in files)
    return folder or ".", f"      include: {scalar(f'{{{names}}}')}\n" if mixed else ""
