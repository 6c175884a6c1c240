"""Why waiting for a chain cannot help, whatever is committed. Pure.

Only what does not depend on the commit is here: a release that stalled on an older commit may well
take the next one.
"""

from collections.abc import Iterator

from slipway.engines.flux_chain import Chain, checked_links
from slipway.engines.flux_objects import (
    Json,
    condition,
    named,
    part,
    phase,
    suspended,
    text,
    told,
)
from slipway.engines.flux_versions import replacement
from slipway.readiness.observation import Stop

_RESUME = {
    "GitRepository": "source git",
    "OCIRepository": "source oci",
    "HelmRepository": "source helm",
    "Bucket": "source bucket",
    "HelmChart": "source chart",
    "HelmRelease": "helmrelease",
    "Kustomization": "kustomization",
}


def stop(chain: Chain, ours: bool = True) -> Stop | None:
    """The first reason why this chain will not move, or not carry what we write.

    `ours`: it begins at the repository we push to; then each commit has to make a new chart.
    """
    links = (found for link in checked_links(chain) for found in _of(link))
    return next(links, None) or (_never_built(chain) if ours else None)


def _of(link: Json) -> Iterator[Stop]:
    name, namespace = text(link, "metadata", "name"), text(link, "metadata", "namespace")
    now = replacement(text(link, "apiVersion"))
    if now:
        reason = f"{named(link)} uses a removed version, {text(link, 'apiVersion')}"
        yield Stop(reason, f"write apiVersion: {now} in its manifest")
    if suspended(link):
        command = f"flux resume {_RESUME.get(str(link.get('kind')))} {name} -n {namespace}"
        yield Stop(f"{named(link)} is suspended: Flux leaves it alone", f"resume it: {command}")
    if text(link, "kind") in ("GitRepository", "OCIRepository") and phase(link) == "stalled":
        reason = f"{named(link)} has stalled: {told(condition(link, 'Stalled'))}"
        yield Stop(reason, "correct what it names, then run the promotion again")


def _never_built(chain: Chain) -> Stop | None:
    """The default strategy makes a new chart only when the version in Chart.yaml rises."""
    template = part(chain.last, "spec", "chart", "spec")  # the chart's own specification follows it
    spec = template or part(chain.chart or {}, "spec")
    kind = text(spec, "sourceRef", "kind")
    if kind not in ("GitRepository", "Bucket") or spec.get("reconcileStrategy") == "Revision":
        return None
    return Stop(
        f"{named(chain.last)} takes charts by their version: what we commit is never deployed by"
        " this configuration",
        "set spec.chart.spec.reconcileStrategy: Revision",
    )
