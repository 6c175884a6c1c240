"""The files of a GitOps repository for a service: what an engine needs to carry it. Pure."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from slipway.layout import argocd, flux
from slipway.layout.chart import chart
from slipway.layout.places import Place, place
from slipway.layout.seeds import seeds
from slipway.service import Environment, Service

Engine = Literal["argocd", "flux"]
VARIANT = "variants/published-chart/"  # beside the layout: one Application has one source of truth


class Layout(NamedTuple):
    """Files by their path in the repository."""

    manifests: Mapping[str, str]  # the engine's objects
    seeds: Mapping[str, str]  # where people and deliveries go on: values, and a chart to start from
    variants: Mapping[str, str]  # other forms of some manifests, to be used instead


def layout(service: Service, engine: Engine | None = None) -> Layout:
    """What the service's environments need; with `engine` all of them as if they used that one.

    Raises InvalidInput when the updates do not tell where an environment's chart is.
    """
    manifests: dict[str, str] = {}
    first: dict[str, str] = {}
    variants: dict[str, str] = {}
    places = {each.name: place(service, each) for each in service.environments}
    for environment in service.environments:
        where = places[environment.name]
        if (engine or environment.application.engine) == "flux":
            manifests |= _flux(service, environment, where)
        else:
            manifests |= _around(service, environment, tuple(places.values()))
            manifests[where.application] = argocd.application(service, environment, where)
            variants |= _published(service, environment, where)
        first |= chart(service, environment, where)
        first |= seeds(service, environment, where.application)
    return Layout(manifests, first, variants)


def _flux(service: Service, environment: Environment, where: Place) -> dict[str, str]:
    path = f"flux/{environment.name}/{service.service}.yaml"
    return {
        f"flux/{flux.repository_name(service)}.yaml": flux.source(service),
        path: flux.release(service, environment, where),
    }


def _around(
    service: Service, environment: Environment, places: tuple[Place, ...]
) -> dict[str, str]:
    """What an Application needs around it: a parent that applies it, and its project."""
    unit = environment.application
    name = unit.parent or flux.repository_name(service)
    found = {}
    if unit.project != "default":  # which is always there, and everybody's
        charts = dict.fromkeys(where.chart for where in places if where.chart)
        text = argocd.project(service, unit.project, charts)
        found[f"bootstrap/{unit.project}-project.yaml"] = text
    found[f"bootstrap/{name}.yaml"] = argocd.parent(service, name, unit, places)
    return found


def _published(service: Service, environment: Environment, where: Place) -> dict[str, str]:
    """The Application that deploys the chart from its registry, with the same values files."""
    if not where.chart or where.folder is None or not where.values:
        return {}
    text = argocd.application(service, environment, where._replace(folder=None))
    key = f"spec.sources[repoURL={where.chart}].targetRevision"
    head = (
        "# Instead of the Application of the same name: the published chart, with the values of\n"
        "# the repository. It needs one more update in the service file:\n"
        f"#   - {{file: {where.application}, key: '{key}'}}\n"
    )
    return {f"{VARIANT}{where.application}": head + text}
