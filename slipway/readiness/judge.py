"""Is commit X live and healthy? Decided from one reading and a little memory; no I/O, no clock.

The rule (from the Argo CD source, v3.5 line): the status is about today's spec, the rendered
revision contains X with X's values still there, no operation is under way, the compare is later
than the last operation's end, everything is in sync without errors, healthy, and a live workload
runs the wanted image on all its Pods; and all of this stays so for the settle time, in two readings
at least. Each shorter rule ("Synced and Healthy", "the sync succeeded") is true at some moment
while the old version runs.
"""

from datetime import datetime

from slipway.readiness.clauses import unmet
from slipway.readiness.endings import at_once, failure
from slipway.readiness.lasting import UNTOLD, blocked, lasting, troubled
from slipway.readiness.look import Look
from slipway.readiness.memory import asked, begun, staying, with_ends, with_trouble
from slipway.readiness.observation import Observation
from slipway.readiness.verdict import (
    Blocked,
    Failed,
    Known,
    Progress,
    Ready,
    Superseded,
    Verdict,
    Waiting,
    Wanted,
)

_READINGS = 2  # one alone shows no state that lasts, however short the settle time is


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
    progress, waiting = with_ends(look, with_trouble(look, now)), unmet(look)
    over = _over(look, waiting, progress, now)
    if over:
        return over, progress
    if waiting is None:
        progress = staying(progress, _settling(look), observation, now)
        return _settled(look, progress, now), progress
    return _waiting(look, waiting, progress, now)


def holds_now(observation: Observation, wanted: Wanted, known: Known, now: datetime) -> Verdict:
    """What one reading says: the end, the first clause that does not hold, or that all hold.

    Ready means live and healthy at this moment; whether it stays so only `judge` can tell.
    """
    look = Look(observation, wanted, known, begun(Progress(), observation))
    waiting = unmet(look)
    over = _over(look, waiting, look.previous, now)
    if over or waiting is None:
        return over or _ready(look, now)
    block = blocked(look, waiting)
    return Blocked(block.reason, block.until) if block else waiting


def _over(
    look: Look, waiting: Waiting | None, progress: Progress, now: datetime
) -> Failed | Superseded | None:
    """Nothing of the application itself has failed while its parent is not there yet."""
    over = at_once(look)
    if over or (waiting and waiting.of_parent):
        return over
    return failure(look) or troubled(look, progress, now)


def _waiting(
    look: Look, waiting: Waiting, progress: Progress, now: datetime
) -> tuple[Verdict, Progress]:
    about = look.seen.parent if waiting.of_parent and look.seen.parent else look.seen
    block = blocked(look, waiting)
    if block:
        return Blocked(block.reason, block.until), staying(progress, ("blocked",), about, now)
    still = about.resources if waiting.state in UNTOLD else ()  # nothing changes any more
    progress = staying(progress, (waiting.state, waiting.of_parent, still), about, now)
    verdict = lasting(look, waiting, progress, now)
    return verdict, asked(progress, verdict)


def _settling(look: Look) -> tuple[object, ...]:
    """A new health transition or a new operation begins the settle time again."""
    operation = look.operation
    return ("settling", look.seen.health_since, operation.started_at if operation else None)


def _settled(look: Look, progress: Progress, now: datetime) -> Verdict:
    since = progress.since or now
    if now - since < look.wanted.settle or progress.readings < _READINGS:
        return Waiting("healthy; making sure that it stays so", state="settling")
    return _ready(look, since)


def _ready(look: Look, since: datetime) -> Ready:
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
