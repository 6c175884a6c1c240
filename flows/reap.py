"""Find the runs that have lost their process, and start them again: every 30 seconds.

Two looks, half of the allowed silence apart: a living run gives a sign of life between them, even
where the server itself was away before.
"""

import time
from datetime import UTC, datetime, timedelta

from prefect import flow

from slipway.reaping import SILENCE, Seen, is_dead, is_silent
from tasks.late import drop_late_looks
from tasks.reap import (
    mark_crashed,
    require_heartbeats,
    resume_crashed,
    running_runs,
)


@flow(name="reap", persist_result=False)
def reap(silence: float = SILENCE.total_seconds()) -> str:
    """Mark runs crashed that were silent for `silence` seconds, and start crashed runs again.

    Only runs that say they are running are marked. What it does twice does no harm.
    """
    allowed = timedelta(seconds=silence)
    require_heartbeats(allowed)
    drop_late_looks("reap")
    now = datetime.now(UTC)
    silent = {each.run: each for each in running_runs() if is_silent(each, now, allowed / 2)}
    marked = _mark(silent, allowed) if silent else 0
    return f"{marked} marked as crashed, {resume_crashed()} started again"


def _mark(silent: dict[str, Seen], allowed: timedelta) -> int:
    time.sleep(allowed.total_seconds() / 2)
    now = datetime.now(UTC)
    return sum(
        mark_crashed(each)
        for each in running_runs()
        if each.run in silent and is_dead(silent[each.run], each, now, allowed)
    )
