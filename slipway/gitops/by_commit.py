"""`write: commit`: one commit pushed to the branch that the engine reads, or none.

Safe to repeat at any point. The edit is computed anew on every head, never replayed; a commit that
was pushed before a crash is found again by its trailers.
"""

import itertools
import random
from datetime import timedelta

from slipway.clients.git import Author, Clone, PushRace, cloned
from slipway.gitops.before import already_there, as_written, delivery
from slipway.gitops.compute import computed, promotion, require_decision
from slipway.gitops.order import Order
from slipway.gitops.others import require_undisturbed
from slipway.gitops.turns import turn
from slipway.model import Change, Promotion

_TRIES = 20  # pushes against a branch that others move
_PATIENCE = 300.0  # seconds for all of them
_LONGEST = 15.0  # seconds between two
_CLOCKS = timedelta(minutes=10)  # that the clocks of two machines may differ
_JITTER = random.SystemRandom()


def write(order: Order) -> Promotion:
    """Commit and push the edits, unless the values are there already, or this run has done so.

    Raises Conflict (not what was approved, or a person changed a value meanwhile), Superseded (a
    newer version is there), Protected and Refused (the server's rules), PushRace (others kept
    moving the branch), Final (our commit without our signature), and what cloning raises.
    """
    gitops, watch = order.service.gitops, order.watch
    author = Author(order.settings.author_name, order.settings.author_email)
    ref, token = f"refs/heads/{gitops.branch}", order.settings.secret("gitops_token")
    key = order.settings.optional("gitops_signing_key")
    with (
        turn(gitops.repository, gitops.branch, watch),
        cloned(gitops.repository, gitops.branch, token, sparse=True, signing_key=key) as clone,
    ):
        start, decided = (clone.at(moment) for moment in (order.began - _CLOCKS, order.decided))
        for attempt in itertools.count(1):
            begin = watch.elapsed
            change, files = computed(
                clone, order.service, order.environment, order.image, order.leaving
            )
            before = _before(order, clone, change, start)
            if before:
                return before
            require_undisturbed(clone, order.service, order.environment, change, decided)
            if order.undo is None:  # going back to what was proven needs nobody's approval
                require_decision(order.environment, change, order.image, order.approvals)
            try:
                revision = clone.commit(clone.head, files, order.message, author)
                clone.push({ref: revision}, expect={ref: clone.head})
                break
            except PushRace:
                if attempt == _TRIES or watch.elapsed > _PATIENCE:
                    raise
                watch.sleep(_pause(attempt, watch.elapsed - begin))
                clone.refetch()
        if order.signs:
            clone.require_signed(revision)
    said = ", ".join(f"{edit.key} = {edit.new}" for edit in change.edits)
    return promotion(order.service, change, revision, f"wrote {said}", watch, committed=True)


def _before(order: Order, clone: Clone, change: Change, start: str) -> Promotion | None:
    """What there is to tell instead of a commit: the values, or a commit of this run."""
    if not change.edits:
        revision, reason, ours, own = already_there(order, clone)
    else:
        found = delivery(clone, order.identity | {"Slipway-Run": order.run}, start, clone.head)
        if found is None:
            return None
        revision, ours, own = found[0], found[0], True
        reason = "this run had written the values already, and they were changed again since"
    if order.signs and ours:
        clone.require_signature(ours)
    if own:
        change = as_written(order, clone, ours, change)
    return promotion(order.service, change, revision, reason, order.watch, committed=False)


def _pause(attempt: int, last: float) -> float:
    """Seconds before the next attempt: as likely short as long, in the measure of the last one.

    The more often we lose, the more others there must be, and the wider the time they share.
    """
    return _JITTER.uniform(0, min(_LONGEST, max(0.1, last) * 2 ** min(attempt, 10)))
