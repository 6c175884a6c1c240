"""A release's history: newest first, and what an action leaves there.

A rollback is a new entry with the old chart, and it is `deployed`.
"""

from dataclasses import dataclass

from sandbox.cluster.pod import timestamp
from sandbox.flux.conditions import get, progressing, put, remove
from sandbox.flux.world import Object

_KEPT = 5


@dataclass(frozen=True)
class Wanted:
    """What a release is asked to run."""

    chart: str
    version: str  # of the chart, with the revision in it
    config: str  # digest of the release's own values
    digest: str  # of an OCI chart
    namespace: str
    manifest: Object  # the one Deployment


def newest(found: Object) -> Object:
    entries = (found.get("status") or {}).get("history") or []
    return entries[0] if entries else {}


def same(entry: Object, wanted: Wanted) -> bool:
    version, config = entry.get("chartVersion"), entry.get("configDigest")
    return (version, config) == (wanted.version, wanted.config)


def attempt(each: Object, wanted: Wanted) -> None:
    """A new chart, new values or a new generation set the counters back."""
    status, generation = each["status"], each["metadata"]["generation"]
    before = (
        status.get("lastAttemptedRevision"),
        status.get("lastAttemptedConfigDigest"),
        status.get("lastAttemptedGeneration"),
    )
    if before != (wanted.version, wanted.config, generation):
        for name in ("failures", "installFailures", "upgradeFailures"):
            status.pop(name, None)
    status["lastAttemptedGeneration"] = generation
    status["lastAttemptedRevision"] = wanted.version
    status["lastAttemptedConfigDigest"] = wanted.config
    if wanted.digest:
        status["lastAttemptedRevisionDigest"] = wanted.digest


def begun(each: Object, wanted: Wanted, action: str, words: str) -> None:
    """The entry is there while the action runs."""
    each["status"]["lastAttemptedReleaseAction"] = action
    progressing(each, words)
    put(each, "Ready", "Unknown", "Progressing", words)
    _add(each, wanted, f"pending-{action}")


def ended(each: Object, wanted: Wanted, action: str, error: str) -> None:
    """Success makes the entry before it superseded; failure keeps it deployed."""
    status, entry = each["status"], newest(each)
    entry["status"] = "failed" if error else "deployed"
    name = f"{entry['namespace']}/{entry['name']}"
    chart = f"chart {wanted.chart}@{wanted.version}"
    if error:
        for counter in ("failures", f"{action}Failures"):
            status[counter] = status.get(counter, 0) + 1
        words = f"Helm {action} failed for release {name} with {chart}: {error}"
        put(each, "Released", "False", f"{action.title()}Failed", words)
        put(each, "Ready", "False", f"{action.title()}Failed", words)
        return
    for older in status["history"][1:]:
        older["status"] = "superseded" if older["status"] == "deployed" else older["status"]
    words = f"Helm {action} succeeded for release {name}.v{entry['version']} with {chart}"
    put(each, "Released", "True", f"{action.title()}Succeeded", words)
    remove(each, "Remediated")


def rolled_back(each: Object, target: Object) -> None:
    for older in each["status"]["history"]:
        older["status"] = "superseded" if older["status"] == "deployed" else older["status"]
    entry = {**target, "version": newest(each)["version"] + 1, "status": "deployed"}
    each["status"]["history"].insert(0, {**entry, "lastDeployed": timestamp()})
    del each["status"]["history"][_KEPT:]
    name = f"{entry['namespace']}/{entry['name']}.v{target['version']}"
    words = f"Helm rollback to previous release {name} with chart {entry['chartVersion']} succeeded"
    put(each, "Remediated", "True", "RollbackSucceeded", words)
    put(each, "Ready", "False", "RollbackSucceeded", words)


def rollback_target(found: Object) -> Object | None:
    """The newest entry that once ran."""
    entries = found["status"]["history"][1:]
    return next((e for e in entries if e["status"] in ("deployed", "superseded")), None)


def exhausted(found: Object, action: str) -> bool:
    """No attempt is left. Without `retries` there is one attempt."""
    count = found["status"].get(f"{action}Failures", 0)
    return bool(count > _remediation(found, action).get("retries", 0))


def remediates(found: Object, action: str) -> bool:
    """The last failure is only undone when asked for, or by default when there are retries."""
    rules = _remediation(found, action)
    last = rules.get("remediateLastFailure", rules.get("retries", 0) > 0)
    return bool(last) or not exhausted(found, action)


def told(found: Object) -> str:
    return str(get(found, "Released").get("message", ""))


def _remediation(found: Object, action: str) -> Object:
    return (found["spec"].get(action) or {}).get("remediation") or {}


def _add(each: Object, wanted: Wanted, status: str) -> None:
    entries = each["status"].setdefault("history", [])
    entry = {
        "name": wanted.manifest.get("metadata", {}).get("name", each["metadata"]["name"]),
        "namespace": wanted.namespace,
        "version": newest(each).get("version", 0) + 1,
        "status": status,
        "chartName": wanted.chart,
        "chartVersion": wanted.version,
        "configDigest": wanted.config,
        "firstDeployed": entries[-1]["firstDeployed"] if entries else timestamp(),
        "lastDeployed": timestamp(),
        "deleted": None,
    }
    entries.insert(0, entry | ({"ociDigest": wanted.digest} if wanted.digest else {}))
    del entries[_KEPT:]
