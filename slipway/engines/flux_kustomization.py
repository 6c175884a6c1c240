"""A Kustomization: which commit it applied, and how that goes. Pure.

Source: kustomize-controller v1.9. `lastAttemptedRevision` moves at the start, `lastAppliedRevision`
only after apply, prune and health checks. Ready means "applied" where nothing checks health.
"""

from slipway.engines.flux_chain import COMMITS, Chain, artifact, origin, sha, short
from slipway.engines.flux_objects import condition, named, part, phase, since, text, told
from slipway.engines.flux_reading import Reading, busy
from slipway.engines.flux_versions import outdated
from slipway.readiness.observation import Operation

_HEALTH = {"True": "Healthy", "False": "Degraded", "Unknown": "Progressing"}
_UNHEALTHY = "HealthCheckFailed"  # everything is applied, something does not become healthy
_WAITING = ("DependencyNotReady", "HealthCheckCanceled")  # it goes on by itself


def kustomization(chain: Chain) -> Reading:
    """What the Kustomization says of the revision it last attempted."""
    reached = _reached(chain)
    return Reading(
        reached=reached,
        sync=_sync(chain),
        health=_health(chain),
        operation=_operation(chain, reached),
        failing=_failing(chain),
        hold=_hold(chain),
        proven=_checks(chain),
    )


def _checks(chain: Chain) -> bool:
    spec = part(chain.last, "spec")
    return bool(spec.get("wait") or spec.get("healthChecks"))


def _reached(chain: Chain) -> str:
    """The commit that was last attempted; of an OCI artifact the commit it was made of."""
    attempted = text(chain.last, "status", "lastAttemptedRevision")
    source = chain.source or {}
    if source.get("kind") in COMMITS:
        return sha(attempted) or attempted
    return sha(origin(source)) if attempted == artifact(source) else attempted


def _reason(chain: Chain) -> str:
    """Why it is not ready, if it said so; empty while it is or while it works."""
    ready = condition(chain.last, "Ready")
    failed = ready.get("status") == "False" and phase(chain.last) != "running"
    return text(ready, "reason") if failed else ""


def _sync(chain: Chain) -> str:
    status = part(chain.last, "status")
    if not status.get("conditions"):
        return "Unknown"
    attempted, applied = text(status, "lastAttemptedRevision"), text(status, "lastAppliedRevision")
    unhealthy = _reason(chain) == _UNHEALTHY
    return "Synced" if attempted and (attempted == applied or unhealthy) else "OutOfSync"


def _health(chain: Chain) -> str:
    state, checked = phase(chain.last), condition(chain.last, "Healthy")
    if _reason(chain) == _UNHEALTHY or state == "stalled":
        return "Degraded"
    if state != "ready":
        return "Progressing" if state == "running" else "Unknown"
    return _HEALTH.get(str(checked.get("status")), "Unknown") if checked else "Healthy"


def _operation(chain: Chain, reached: str) -> Operation | None:
    """Under way, or over and bad; a failure that is tried again is not over."""
    last, state = chain.last, phase(chain.last)
    ready = condition(last, "Ready")
    refused, stalled = outdated(text(ready, "message")), condition(last, "Stalled")
    if state == "running":
        began = since(condition(last, "Reconciling") or ready)
        return Operation("Running", (reached,), began, None, busy(last))
    if state == "stalled" or refused:
        words = refused or told(stalled)
        return Operation("Failed", (reached,), since(ready), since(ready), words, of_spec=True)
    return None


def _failing(chain: Chain) -> str:
    reason = _reason(chain)
    if not reason or reason == _UNHEALTHY or reason in _WAITING:
        return ""
    return told(condition(chain.last, "Ready"))


def _hold(chain: Chain) -> str:
    last, offered = chain.last, artifact(chain.source)
    attempted = text(last, "status", "lastAttemptedRevision")
    if attempted != offered and attempted and phase(last) == "running":
        behind = f"{short(attempted)} in {named(last)}"
        return f"{short(offered)} is waiting behind {behind}: {busy(last)}"
    if _reason(chain) in _WAITING or (attempted != offered and _reason(chain)):
        return f"{named(last)} has not taken {short(offered)} yet: {busy(last)}"
    return ""
