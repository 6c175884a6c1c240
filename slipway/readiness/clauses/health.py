"""Healthy, and shown by the live workloads."""

from slipway.readiness.look import Look
from slipway.readiness.verdict import Waiting

_SAID = {
    "Progressing": "rolling out",
    "Degraded": "degraded",
    "Suspended": "a workload is paused; that is not live",
    "Missing": "a resource is missing",
}


def healthy(look: Look) -> Waiting | None:
    """The engine calls the application healthy; or paused, where that was agreed to."""
    health = look.seen.health
    if health == "Healthy" or (health == "Suspended" and look.wanted.accept_suspended):
        return None
    if health == "Missing" and _only_done_is_missing(look):
        return None
    said = _SAID.get(health, "the health is not known")
    return Waiting(said, state=health.lower() if health in _SAID else "untold")


def _only_done_is_missing(look: Look) -> bool:
    """Up to Argo CD 3.3 a Job that was removed after its end makes the application Missing."""
    others = {r.health for r in look.seen.resources if str(r) not in look.gone}
    return bool(look.gone) and others <= {"Healthy", ""}


def evident(look: Look) -> Waiting | None:
    """A live workload runs the wanted image: that alone tells the new from the old version.

    One that is scaled to zero, as by an autoscaler, is left out where another one runs.
    """
    if look.ran:
        return None
    if look.carriers:
        return _rolled_out(look)
    if not look.seen.health_proven:
        return Waiting("applied, health not proven: no workload shows it", state="unproven")
    live = sorted({image for workload in look.seen.workloads for image in workload.images})
    wanted = f"{look.wanted.repository}:{look.wanted.version}"
    where = "workload, hook or job" if look.wanted.jobs else "workload"
    return Waiting(
        f"no live {where} runs {wanted}; there is {', '.join(live) or 'none'}", state="absent"
    )


def _rolled_out(look: Look) -> Waiting | None:
    paused = look.seen.health == "Suspended"
    awake = [w for w in look.carriers if not w.idle] or look.carriers
    behind = next((w for w in awake if not (w.begun if paused else w.rolled_out)), None)
    if behind is None:
        return None
    return Waiting(
        f"{behind.kind}/{behind.name}: {behind.updated} updated and {behind.available} available"
        f" of {behind.replicas} Pods",
        state="rollout",
    )
