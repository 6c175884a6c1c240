"""Is commit X live and healthy? Decided from one reading and a little memory; no I/O, no clock.

The rule (from the Argo CD source, v3.5 line): the status is about today's spec, the rendered
revision contains X with X's values still there, no operation is under way, the compare is later
than the last operation's end, everything is in sync without errors, healthy, and a live workload
runs the wanted image on all its Pods; and all of this stays so for the settle time. Each shorter
rule ("Synced and Healthy", "the sync succeeded") is true at some moment while the old version runs.
"""

from datetime import datetime

from slipway.readiness.clauses import unmet
from slipway.readiness.endings import at_once, failure
from slipway.readiness.lasting import blocked, lasting, troubled
from slipway.readiness.look import Look
from slipway.readiness.memory import asked, begun, staying, with_trouble
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import (
    Blocked,
    Known,
    Progress,
    Ready,
    Verdict,
    Waiting,
    Wanted,
)


def judge(
    observation: Observation,
    wanted: Wanted,
    known: Known,
    previous: Progress,
    now: datetime,
) -> tuple[Verdict, Progress]:
    """The verdict on this reading, and what to remember for the next one.

    `now` must never run backwards. Start with an empty `Progress`.
    """
    look = Look(observation, wanted, known, begun(previous, observation))
    progress, waiting = with_trouble(look, now), unmet(look)
    over = at_once(look)
    if not over and not (waiting and waiting.of_parent):
        over = failure(look) or troubled(look, progress, now)
    if over:
        return over, progress
    if waiting is None:
        progress = staying(progress, _settling(look), observation, now)
        return _settled(look, progress, now), progress
    return _waiting(look, waiting, progress, now)


def _waiting(
    look: Look, waiting: Waiting, progress: Progress, now: datetime
) -> tuple[Verdict, Progress]:
    about = look.seen.parent if waiting.of_parent and look.seen.parent else look.seen
    block = blocked(look, waiting)
    if block:
        return Blocked(block.reason, block.until), staying(progress, ("blocked",), about, now)
    progress = staying(progress, (waiting.state, waiting.of_parent), about, now)
    verdict = lasting(look, waiting, progress, now)
    return verdict, asked(progress, verdict)


def _settling(look: Look) -> tuple[object, ...]:
    """A new health transition or a new operation begins the settle time again."""
    operation = look.operation
    return ("settling", look.seen.health_since, operation.started_at if operation else None)


def _settled(look: Look, progress: Progress, now: datetime) -> Verdict:
    since = progress.since or now
    if now - since < look.wanted.settle:
        return Waiting("healthy; making sure that it stays so", state="settling")
    seen = look.seen
    observed = seen.operation_revision if look.pending else seen.revision
    observed = observed or look.wanted.revision
    return Ready(observed, _healthy_since(look) or since, _summary(look, observed))


def _summary(look: Look, observed: str) -> str:
    """What was shown, and what was not."""
    seen, version = look.seen, look.wanted.version
    shown = f"{version} is live and healthy at {observed[:7]}"
    if not seen.health_proven:
        workloads = ", ".join(f"{w.kind}/{w.name}" for w in look.carriers) or "its jobs"
        shown = f"{version} is live at {observed[:7]}; its health is shown by {workloads} alone"
    elif seen.health == "Suspended":
        shown = f"{version} is live at {observed[:7]}, and paused, as agreed"
    later = f"; the later commit {seen.revision[:7]} waits for a sync" if look.pending else ""
    return f"{shown}{later}{_unchanged(look)}"


def _unchanged(look: Look) -> str:
    """A commit that changes no manifest runs no sync: the last one is of a commit before it."""
    return "; it was in the desired state already" if look.operation and look.older else ""


def _healthy_since(look: Look) -> datetime | None:
    """Health may never have changed since the version before: the end of the sync counts too."""
    operation = look.operation if look.applied else None
    synced = operation.finished_at if operation else None
    return max((moment for moment in (look.seen.health_since, synced) if moment), default=None)
