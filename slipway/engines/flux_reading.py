"""What the last object of a chain says, whichever kind it is, and what the links before it say."""

from dataclasses import dataclass

from slipway.engines.flux_chain import Chain, artifact, checked_links
from slipway.engines.flux_objects import Json, condition, current, named, phase, text, told
from slipway.readiness.observation import Condition, Operation


@dataclass(frozen=True)
class Reading:
    """The part of an Observation that differs between a HelmRelease and a Kustomization."""

    reached: str  # what it last attempted: a full SHA, else what can be told
    sync: str
    health: str
    operation: Operation | None = None
    failing: str = ""  # why it fails on what it attempted, and will try again
    hold: str = ""
    proven: bool = True


def busy(value: Json) -> str:
    """Why an object is still at it: the failure before, else what it does now."""
    ready = condition(value, "Ready")
    found = ready if ready.get("status") == "False" else condition(value, "Reconciling") or ready
    return told(found)


def broken(chain: Chain) -> tuple[Condition, ...]:
    """What is wrong with the links before the last one, as far as it is about today's source."""
    looked = text(chain.chart or {}, "status", "observedSourceArtifactRevision")
    old = chain.chart if looked != artifact(chain.source) else None
    return tuple(
        Condition("SourceError", f"{named(link)}: {told(condition(link, 'Ready'))}")
        for link in checked_links(chain)[1:]
        if link is not old
        and current(link)
        and condition(link, "Ready").get("status") == "False"
        and phase(link) != "running"
    )


def unready(chain: Chain) -> str:
    """What the first link before the last one is at, unless it is Ready, of today, and at rest."""
    at_work = (link for link in checked_links(chain)[1:] if phase(link) != "ready")
    return next(
        (f"{named(link)} is not ready: {busy(link) or 'not looked at yet'}" for link in at_work), ""
    )
