"""What every object of Flux's toolkit tells about itself, by the kstatus rules. Pure.

Source: Flux v2.9.4. Fields may be absent and lists null before the first reconcile.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from slipway.text import shown

Json = Mapping[str, Any]
Phase = Literal["running", "retrying", "stalled", "failed", "ready", "unknown"]

KEEPS_TRYING = "ProgressingWithRetry"  # the reason of a Reconciling that follows a failure


def part(value: Json, *keys: str) -> Json:
    """The object below these keys; empty when there is none."""
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, Mapping) else {}
    return value


def text(value: Json, *keys: str) -> str:
    """The text below these keys; empty when there is none."""
    found = part(value, *keys[:-1]).get(keys[-1])
    return found if isinstance(found, str) else ""


def named(value: Json) -> str:
    """`HelmRelease/books-api`, as people write it."""
    return f"{value.get('kind')}/{text(value, 'metadata', 'name')}"


def condition(value: Json, kind: str) -> Json:
    """The condition of that type; empty when it is not there."""
    found = part(value, "status").get("conditions") or ()
    return next((each for each in found if each.get("type") == kind), {})


def holds(value: Json, kind: str) -> bool:
    """Whether a condition is there and True."""
    return condition(value, kind).get("status") == "True"


def told(found: Json) -> str:
    """Reason and message of a condition, fit to be shown."""
    words = (text(found, "reason"), text(found, "message"))
    return shown(": ".join(word for word in words if word))


def since(found: Json) -> datetime | None:
    """When a condition last changed between True, False and Unknown."""
    moment = found.get("lastTransitionTime")
    return datetime.fromisoformat(moment) if moment else None


def current(value: Json) -> bool:
    """Whether the status is about today's specification.

    A failure that is tried again leaves `observedGeneration` behind; its Ready condition has it.
    """
    generation = part(value, "metadata").get("generation")
    seen = part(value, "status").get("observedGeneration")
    return generation in (seen, condition(value, "Ready").get("observedGeneration"))


def phase(value: Json) -> Phase:
    """What the object is doing, or how it ended.

    The order is that of kstatus: what is in progress is not yet failed, and Ready counts last.
    """
    ready, busy = condition(value, "Ready"), condition(value, "Reconciling")
    failed = ready.get("status") == "False"
    reconciling = busy.get("status") == "True"
    generation = part(value, "metadata").get("generation")
    behind = generation != part(value, "status").get("observedGeneration")
    if failed and (
        busy.get("reason") == KEEPS_TRYING if reconciling else behind and current(value)
    ):
        return "retrying"
    if reconciling or behind:
        return "running"
    if holds(value, "Stalled"):
        return "stalled"
    if failed:
        return "failed"
    return "ready" if ready.get("status") == "True" else "unknown"


def deleting(value: Json) -> bool:
    """Whether somebody has deleted the object, and it is only not gone yet."""
    return bool(part(value, "metadata").get("deletionTimestamp"))


def suspended(value: Json) -> bool:
    """Whether somebody has told Flux to leave the object alone."""
    return part(value, "spec").get("suspend") is True
