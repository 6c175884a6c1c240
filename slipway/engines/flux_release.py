"""A HelmRelease: which commit it runs, and how that goes. Pure.

Source: helm-controller v1.6. A commit does not change the release's generation, so Ready stays
True, of the old chart, until the chain reaches it; and what a rollback has deployed is `deployed`.
"""

from slipway.engines.flux_chain import Chain, artifact, built_from, digest, sha, short
from slipway.engines.flux_objects import Json, condition, named, part, phase, since, text, told
from slipway.engines.flux_reading import Reading, busy
from slipway.readiness.observation import Operation

_HEALTH = {"ready": "Healthy", "running": "Progressing", "retrying": "Progressing"}


def release(chain: Chain) -> Reading:
    """What the release says of the revision it last attempted."""
    last, reached = chain.last, _reached(chain)
    return Reading(
        reached=reached,
        sync=_sync(chain),
        health=_health(chain),
        operation=_operation(last, reached),
        failing=_failing(chain),
        hold=_hold(chain),
        proven=not any(
            part(last, "spec", action).get("disableWait") for action in ("install", "upgrade")
        ),
    )


def _reached(chain: Chain) -> str:
    """The commit in the chart that was last attempted; of a chart from a registry its digest.

    Full only while the chart still is that one: the release knows 12 hex digits of the commit.
    """
    status = part(chain.last, "status")
    attempted = text(status, "lastAttemptedRevision")
    if chain.chart is None:
        return text(status, "lastAttemptedRevisionDigest") or attempted
    commit = sha(text(chain.chart, "status", "observedSourceArtifactRevision"))
    begins = built_from(attempted)
    same = attempted == artifact(chain.chart) and bool(begins)
    return commit if same and commit.startswith(begins) else begins or attempted


def _lags(chain: Chain) -> bool:
    """The release has not attempted the chart that is there by now."""
    status = part(chain.last, "status")
    if chain.chart is None:
        return text(status, "lastAttemptedRevisionDigest") != digest(artifact(chain.source))
    return text(status, "lastAttemptedRevision") != artifact(chain.chart)


def _newest(last: Json) -> Json:
    """The newest release in Helm's own storage."""
    history = part(last, "status").get("history") or ()
    return history[0] if history else {}


def _sync(chain: Chain) -> str:
    """Synced: the newest release is what was attempted, with the same values."""
    status, newest = part(chain.last, "status"), _newest(chain.last)
    if not newest:
        return "OutOfSync" if status.get("conditions") else "Unknown"
    same = (
        newest.get("status") == "deployed"
        and newest.get("chartVersion") == status.get("lastAttemptedRevision")
        and newest.get("configDigest") == status.get("lastAttemptedConfigDigest")
        and (chain.chart is not None or _same_digest(newest, status))
    )
    return "Synced" if same else "OutOfSync"


def _same_digest(newest: Json, status: Json) -> bool:
    return newest.get("ociDigest") == status.get("lastAttemptedRevisionDigest")


def _health(chain: Chain) -> str:
    state = phase(chain.last)
    released = condition(chain.last, "Released").get("status") == "True"
    if state == "ready" and not released:
        return "Progressing"  # Ready alone is not the word of a release
    return _HEALTH.get(state, "Degraded" if state in ("stalled", "failed") else "Unknown")


def _operation(last: Json, reached: str) -> Operation | None:
    """Under way, or over and bad; one that ended well is the state itself."""
    state, newest = phase(last), _newest(last)
    if state in ("running", "retrying"):
        return _of("Running", last, reached, busy(last))
    attempted = text(part(last, "status"), "lastAttemptedRevision")
    rolled_back = newest.get("status") == "deployed" and newest.get("chartVersion") != attempted
    if state == "stalled":
        return _of("Failed", last, reached, _ended(last, rolled_back))
    if rolled_back and state == "failed" and condition(last, "Remediated"):
        return _of("Failed", last, reached, _ended(last, rolled_back))
    return None


def _ended(last: Json, rolled_back: bool) -> str:
    """Why it is over; a rollback's own words say nothing about the failure."""
    newest, released = _newest(last), condition(last, "Released")
    cause = released if released.get("status") == "False" else condition(last, "Ready")
    words = [told(condition(last, "Stalled")), told(cause)]
    if rolled_back:
        words.append(f"{named(last)} was rolled back to chart {newest.get('chartVersion')}")
    return "; ".join(word for word in words if word)


def _of(outcome: str, last: Json, reached: str, message: str) -> Operation:
    began, ended = condition(last, "Reconciling"), condition(last, "Ready")
    over = outcome != "Running"
    return Operation(
        phase=outcome,
        revisions=(reached,),
        started_at=since(ended if over else began or ended),
        finished_at=since(ended) if over else None,
        message=message,
        retry_count=int(part(last, "status").get("failures") or 0),
        of_spec=part(last, "status").get("lastAttemptedGeneration")
        == part(last, "metadata").get("generation"),
    )


def _failing(chain: Chain) -> str:
    """At rest and not ready, for a reason that is no end."""
    if phase(chain.last) != "failed" or _operation(chain.last, ""):
        return ""
    return told(condition(chain.last, "Ready"))


def _hold(chain: Chain) -> str:
    if not _lags(chain):
        return ""
    last, offered = chain.last, built_from(artifact(chain.chart))[:7]
    offered = offered or short(artifact(chain.chart or chain.source)) or "a chart"
    behind = built_from(text(last, "status", "lastAttemptedRevision"))[:7]
    ready = condition(last, "Ready").get("status")
    if behind and ready != "True" and phase(last) in ("running", "retrying"):
        return f"{offered} is waiting behind {behind} in {named(last)}: {busy(last)}"
    why = f": {busy(last)}" if ready == "False" else ""
    return f"{named(last)} has not taken {offered} yet{why}"
