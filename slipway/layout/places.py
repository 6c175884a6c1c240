"""Where the files of one environment are, found out from what its updates write. Pure."""

import posixpath
from collections.abc import Sequence
from typing import NamedTuple

from slipway.errors import InvalidInput
from slipway.manifests import keypath
from slipway.manifests.globs import is_pattern
from slipway.manifests.keypath import Match
from slipway.service import Environment, Service, Update

KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Place(NamedTuple):
    """What the engine reads for one environment."""

    application: str  # path of the Application's own manifest
    folder: str | None  # of the chart or the manifests; None: the chart comes from a registry
    kustomize: bool
    values: tuple[str, ...]  # values files that the updates write; none: plain manifests
    inline: tuple[Update, ...]  # updates of the Application's own manifest
    chart: str  # address of the published chart; empty: none


def place(service: Service, environment: Environment) -> Place:
    """The place of an environment; InvalidInput when its updates do not tell where the chart is."""
    updates = environment.updates
    inline = tuple(update for update in updates if _is_inline(update))
    others = [u for u in updates if u not in inline and not is_pattern(u.file)]
    files = tuple(dict.fromkeys(update.file for update in others))
    own = inline[0].file if inline else f"apps/{environment.name}/{service.service}.yaml"
    kustomize = any(posixpath.basename(file) in KUSTOMIZATION for file in files)
    plain = any(update.key.startswith("spec.") for update in others)
    values = () if kustomize or plain else files
    chart = _chart(service, inline)
    if inline and chart:
        return Place(own, None, kustomize=False, values=values, inline=inline, chart=chart)
    if not files:
        raise InvalidInput(
            f"no update of {environment.name} tells in which folder the engine finds the manifests",
            "let one of its updates name a values file, a kustomization or a manifest by its path",
        )
    return Place(own, posixpath.dirname(files[0]), kustomize, values, inline, chart)


def _chart(service: Service, inline: Sequence[Update]) -> str:
    """The address that an update selects its source by, else where the service publishes."""
    steps = [step for update in inline for step in keypath.parse(update.key)]
    named = [step.value for step in steps if isinstance(step, Match) and step.field == "repoURL"]
    published = service.chart
    own = f"{published.repository}/{posixpath.basename(published.path)}" if published else ""
    return next(iter(named), own)


def _is_inline(update: Update) -> bool:
    return update.key.startswith(("spec.source.", "spec.sources["))
