"""Argo CD's source hydrator: the commit that people write, behind the commit that is synced. Pure.

Source: Argo CD source, v3.5 line. `sync.revision` is the hydrated commit, which the last successful
hydration maps to the dry one. Where the hydrated commit goes through a branch of its own
(`hydrateTo`) and is merged under another id, nothing tells which dry commit is live.
"""

from slipway.engines.argocd_shapes import Json, part, plain, text
from slipway.readiness.observation import Condition


def dry(spec: Json, status: Json, revisions: tuple[str, ...]) -> tuple[str, ...]:
    """Revisions as dry commits; empty text for a hydrated commit of unknown origin."""
    if not part(spec, "sourceHydrator"):
        return revisions
    last = part(part(status, "sourceHydrator"), "lastSuccessfulOperation")
    known = {text(last, "hydratedSHA"): text(last, "drySHA")}
    return tuple(known.get(revision, "") for revision in revisions)


def of_spec(spec: Json, status: Json) -> bool:
    """Whether the last successful hydration was made from today's dry source, to today's branch."""
    now = part(spec, "sourceHydrator")
    last = part(part(status, "sourceHydrator"), "lastSuccessfulOperation")
    return not now or bool(plain(now) == plain(part(last, "sourceHydrator")))


def hold(spec: Json, status: Json) -> str:
    """That manifests are being hydrated now."""
    current = _current(spec, status)
    if text(current, "phase") != "Hydrating":
        return ""
    return f"the manifests of {text(current, 'drySHA')[:7] or 'a commit'} are being hydrated"


def complaints(spec: Json, status: Json) -> tuple[Condition, ...]:
    """That the last hydration failed."""
    current = _current(spec, status)
    if text(current, "phase") != "Failed":
        return ()
    return (Condition("HydrationError", text(current, "message")),)


def _current(spec: Json, status: Json) -> Json:
    if not part(spec, "sourceHydrator"):
        return {}
    return part(part(status, "sourceHydrator"), "currentOperation")
