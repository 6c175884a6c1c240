"""Which runs have lost their process, and which of them are started again. Pure.

Only a run that is RUNNING can have lost its process: one that is suspended, paused, scheduled or
pending has none, whatever late heartbeat still arrives for it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from slipway.value import Value

SILENCE = timedelta(
    seconds=70
)  # two heartbeats of 30 s that did not come, and some time on the way
RESUMES = 3  # of one run, by the reaper
_RESUMED, _GIVEN_UP = "Resumed by the reaper", "Given up by the reaper"


class Seen(Value):
    """One run at one look."""

    run: str  # id
    name: str
    state: str  # type, such as "RUNNING"
    state_id: str
    since: datetime  # UTC, when that state began
    heartbeat: datetime | None = None  # UTC, the last one that is known
    deployed: bool = True  # a worker can start it again
    history: tuple[str, ...] = ()  # messages of its states, oldest first


def is_silent(seen: Seen, now: datetime, allowed: timedelta) -> bool:
    """Whether a running run has given no sign of life for longer than is allowed."""
    last = max(seen.since, seen.heartbeat or seen.since)
    return seen.state == "RUNNING" and now - last > allowed


def is_dead(before: Seen, after: Seen, now: datetime, allowed: timedelta) -> bool:
    """Whether a run that was silent at an earlier look is so still, and is in the same state.

    Two looks, because a server that was away itself has heard of nobody.
    """
    same = (before.run, before.state_id) == (after.run, after.state_id)
    return same and is_silent(after, now, allowed)


def resumes(history: Iterable[str]) -> int:
    """How often the reaper has started a run again."""
    return sum(message.startswith(_RESUMED) for message in history)


def is_given_up(seen: Seen) -> bool:
    """Whether the reaper has said that it will not start the run again."""
    return bool(seen.history) and seen.history[-1].startswith(_GIVEN_UP)


def next_message(seen: Seen) -> tuple[bool, str]:
    """Whether a crashed run is started again, and what its next state says."""
    done = resumes(seen.history)
    if not seen.deployed:
        return False, (
            f"{_GIVEN_UP}: a script started this run, no worker can. Where the script ran:"
            f" prefect flow-run retry {seen.run} --entrypoint MODULE.FLOW"
        )
    if done >= RESUMES:
        return False, (
            f"{_GIVEN_UP}: it has lost its process {done + 1} times. Look at the worker's log and"
            " memory; then retry the run: finished steps stay finished"
        )
    return True, f"{_RESUMED} ({done + 1} of {RESUMES}): finished steps stay finished"


def crash_message(seen: Seen, now: datetime) -> str:
    """What the state of a run says whose process is gone."""
    last = max(seen.since, seen.heartbeat or seen.since)
    return (
        f"No sign of life for {(now - last).total_seconds():.0f} s: the process of this run is"
        " gone. The reaper starts it again, or says why not"
    )
