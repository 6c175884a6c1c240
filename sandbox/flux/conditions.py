"""Conditions of an object: set and removed as the toolkit's own library does it."""

import re
from typing import Any

from sandbox.cluster.pod import timestamp

Object = dict[str, Any]
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")


def put(found: Object, kind: str, status: str, reason: str, message: str) -> None:
    """Set a condition; the time moves only when the status does."""
    conditions = found.setdefault("status", {}).setdefault("conditions", [])
    before = get(found, kind)
    same = before.get("status") == status
    new = {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": found["metadata"]["generation"],
        "lastTransitionTime": before["lastTransitionTime"] if same else timestamp(),
    }
    if before:
        conditions[conditions.index(before)] = new
    else:
        conditions.append(new)


def get(found: Object, kind: str) -> Object:
    """A condition; empty when it is not there."""
    conditions = (found.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each["type"] == kind), {})


def remove(found: Object, *kinds: str) -> None:
    status = found.setdefault("status", {})
    status["conditions"] = [c for c in status.get("conditions") or [] if c["type"] not in kinds]


def is_true(found: Object, kind: str) -> bool:
    return get(found, kind).get("status") == "True"


def progressing(found: Object, message: str) -> None:
    """Reconciling is there only while it is True, and never together with Stalled."""
    put(found, "Reconciling", "True", "Progressing", message)
    remove(found, "Stalled")


def stalled(found: Object, reason: str, message: str) -> None:
    put(found, "Stalled", "True", reason, message)
    remove(found, "Reconciling")


def failed(found: Object, reason: str, message: str) -> None:
    """Not ready, and it will be tried again: `observedGeneration` stays behind."""
    put(found, "Ready", "False", reason, message)
    if get(found, "Reconciling"):
        put(found, "Reconciling", "True", "ProgressingWithRetry", message)


def observed(found: Object) -> None:
    found["status"]["observedGeneration"] = found["metadata"]["generation"]


def seconds(text: str | None, default: float) -> float:
    """A duration as `1m30s`."""
    return sum(float(n) * _UNITS[u] for n, u in _PART.findall(text or "")) or default
