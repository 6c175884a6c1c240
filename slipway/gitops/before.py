"""What was written before: since when the values are there, and which delivery brought them."""

from typing import NamedTuple

from slipway.clients.git import Clone
from slipway.errors import SlipwayError
from slipway.gitops.compute import contents
from slipway.gitops.order import Order
from slipway.manifests.edits import compute, holds, trailers_of
from slipway.model import Change
from slipway.text import printable

_LOOK_BACK = 50  # commits in which they are searched


class Before(NamedTuple):
    """Values that are there already."""

    revision: str  # the first commit of the branch's own line since which all of them are there
    reason: str
    ours: str  # the commit of a delivery that brought them; empty: somebody else did
    own: bool  # this run did


def already_there(order: Order, clone: Clone) -> Before:
    """Since when the head's values, which are the wanted ones, are there, and by whom."""
    revision, parent = _first(order, clone)
    ours, run = delivery(clone, order.identity, parent, revision) or ("", "")
    own = run == order.run
    by = "this run" if own else f"run {printable(run)}" if ours else revision[:10]
    return Before(revision, f"the values were there already, by {by}", ours, own)


def as_written(order: Order, clone: Clone, revision: str, unknown: Change) -> Change:
    """What a commit of this run changed; `unknown` where that cannot be told any more."""
    parent = next((before for _, before in clone.own_line(None, revision, ".")), None)
    if parent is None:
        return unknown
    there = contents(clone, order.environment, parent)
    try:
        return compute(order.environment, order.image, there, parent, order.leaving).change
    except SlipwayError:  # it is about what the service file says today
        return unknown


def _first(order: Order, clone: Clone) -> tuple[str, str | None]:
    """The commit since which the values are there, and its parent; the oldest one searched."""
    clone.deepen(_LOOK_BACK)
    found: tuple[str, str | None] = (clone.head, None)
    for number, (sha, parent) in enumerate(clone.own_line(None, clone.head, ".")):
        there = contents(clone, order.environment, sha)
        if number == _LOOK_BACK or not holds(order.environment, order.image, there):
            break
        found = sha, parent
    return found


def delivery(
    clone: Clone, trailers: dict[str, str], since: str | None, until: str
) -> tuple[str, str] | None:
    """The newest commit with these trailers in `until`, not in `since`, and the run that made it.

    Only what was fetched is searched.
    """
    for revision, message in clone.messages(since, until).items():
        there = trailers_of(message)
        if trailers.items() <= there.items():
            return revision, there.get("Slipway-Run", "unknown")
    return None


def own_commit(clone: Clone, trailers: dict[str, str]) -> tuple[str, str] | None:
    """The newest commit of the branch with these trailers, and the run that made it."""
    clone.deepen(_LOOK_BACK)
    return delivery(clone, trailers, None, clone.head)
