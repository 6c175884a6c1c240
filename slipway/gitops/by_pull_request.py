"""`write: pull-request`: the change waits in a pull request, and its merge is what goes live.

Each look reads the repository and the forge anew and does what is missing; nothing else is
remembered, so a run that was killed at any point, and one that meets another, end at one branch,
one pull request and one merge. The base decides what is true: only a commit there that holds the
values is success.
"""

import random

from slipway.clients.git import PushRace, cloned
from slipway.clients.github import FullPull, GitHub
from slipway.errors import Expired, Retryable
from slipway.gitops import pull_text
from slipway.gitops.compute import computed, contents, require_decision
from slipway.gitops.order import Order
from slipway.gitops.others import require_undisturbed
from slipway.gitops.pull_branch import brought, refuse_closed
from slipway.gitops.pull_desk import Desk, Waiting
from slipway.gitops.pull_landed import landed, merged_and_gone
from slipway.gitops.pull_merge import advance
from slipway.manifests.edits import holds
from slipway.model import Change, Promotion
from slipway.release.unreleased import commits_since
from slipway.timing import pauses

_QUICK = 5  # looks in a row that follow at once
_JITTER = random.SystemRandom()


def write(order: Order) -> Promotion:
    """Propose the edits, wait for the merge, and return the commit of the base that holds them.

    Raises Conflict (not what was approved, or somebody else's work is in the way), Superseded,
    Rejected (a person closed it), Expired (not merged in time), Final (a red check, a method that
    is switched off), Retryable, and what the clients raise for a person to set right.
    """
    gitops, settings = order.service.gitops, order.settings
    token, key = settings.secret("gitops_token"), settings.optional("gitops_signing_key")
    with (
        GitHub(settings.github_api_url, gitops.repository, token) as forge,
        cloned(gitops.repository, gitops.branch, token, sparse=True, signing_key=key) as clone,
    ):
        return _awaited(Desk(order, clone, forge))


def _awaited(desk: Desk) -> Promotion:
    deadline = (
        desk.order.watch.elapsed + desk.order.environment.pull_request.timeout.total_seconds()
    )
    quick = 0
    for pause in pauses():
        state = _look(desk)
        if isinstance(state, Promotion):
            return state
        remaining = deadline - desk.order.watch.elapsed
        if remaining <= 0:
            raise _late(desk, state)
        desk.say(_sentence(state))
        quick = quick + 1 if isinstance(state, Waiting) and state.soon else 0
        least = _JITTER.uniform(0.1, 1.0) if 0 < quick <= _QUICK else pause
        desk.order.watch.sleep(min(max(least, _asked(state)), remaining))
    raise AssertionError("pauses() does not end")


def _asked(state: Waiting | Retryable) -> float:
    """Seconds that the server asked us to wait."""
    return (state.retry_after if isinstance(state, Retryable) else None) or 0.0


def _look(desk: Desk) -> Promotion | Waiting | Retryable:
    """One look; a server that does not answer says nothing about the pull request."""
    try:
        return _step(desk)
    except PushRace:
        return Waiting(f"somebody else moved {desk.branch}", soon=True)
    except Retryable as trouble:
        if not desk.seen:
            raise
        return trouble


def _step(desk: Desk) -> Promotion | Waiting:
    pull = desk.newest()
    desk.refresh()  # after the pull request: what was merged by then is there
    order, environment = desk.order, desk.order.environment
    change, files = computed(desk.clone, order.service, environment, order.image, order.leaving)
    if not change.edits:
        return landed(desk, change, pull)
    if pull is not None and pull.merged and _is_mine(desk, pull):
        return merged_and_gone(desk, change, pull)
    if environment.pull_request.merge == "automatic":
        desk.decided = desk.decided or desk.clone.at(order.decided)
        require_undisturbed(desk.clone, order.service, environment, change, desk.decided)
    if order.undo is None:  # going back to what was proven needs nobody's approval
        require_decision(environment, change, order.image, order.approvals)
    refuse_closed(desk, pull)
    stands = pull is not None and pull.open
    queue = desk.forge.queue(pull) if pull is not None and stands else None
    sha = brought(desk, pull, files, queue)
    shown = _shown(desk, pull, change, sha)
    return advance(desk, shown, sha, queue if stands else desk.forge.queue(shown))


def _is_mine(desk: Desk, pull: FullPull) -> bool:
    """Whether this run has opened it, or found it open: it is not proposed a second time."""
    if pull.number == desk.seen:
        return True
    made = desk.read(pull.head_sha).trailers.get("Slipway-Run") == desk.order.run
    return made and desk.carries(pull.head_sha)


def _shown(desk: Desk, pull: FullPull | None, change: Change, sha: str) -> FullPull:
    """The pull request of the branch, opened or brought up to date where it has to be."""
    if pull is None or not pull.open:
        title, body = _texts(desk, change, sha)
        if _is_there(desk, change):
            raise PushRace(f"{desk.clone.branch} has the values meanwhile", "look again")
        made = desk.forge.create_pull(desk.branch, desk.clone.branch, title, body)
        pull = desk.forge.pull(made.number)
    elif pull_text.mark(sha) not in pull.body:
        title, body = _texts(desk, change, sha)
        desk.forge.change_pull(pull, title=title, body=body)
    if desk.seen != pull.number:
        desk.forge.label(pull, desk.order.environment.pull_request.labels)
        desk.seen = pull.number
    desk.proposed = change
    return pull


def _is_there(desk: Desk, change: Change) -> bool:
    """Whether another run has had its own merged since this look began."""
    desk.refresh()
    order, head = desk.order, desk.clone.head
    if head == change.base:
        return False
    return holds(order.environment, order.image, contents(desk.clone, order.environment, head))


def _texts(desk: Desk, change: Change, sha: str) -> tuple[str, str]:
    order, candidate = desk.order, desk.order.candidate
    commits = (
        commits_since(order.service, candidate.release, change, order.settings) if candidate else ()
    )
    body = pull_text.body(
        order.service.service, change, order.image, order.run, order.approvals, order.earlier,
        commits, sha, order.undone,
    )  # fmt: skip
    return pull_text.title(order.message), body


def _sentence(state: Waiting | Retryable) -> str:
    if isinstance(state, Retryable):
        return f"how the pull request stands is unknown: {state.message}"
    return state.reason


def _late(desk: Desk, state: Waiting | Retryable) -> Expired | Retryable:
    limit = f"within {desk.order.environment.pull_request.timeout.total_seconds():.0f} s"
    if isinstance(state, Retryable):
        message = (
            f"{desk.order.environment.name}: {state.message}; not merged {limit}, as far as known"
        )
        return Retryable(message, state.hint, state.retry_after)
    return Expired(
        f"{desk.order.environment.name}: not merged {limit}: {state.reason}",
        "nothing was undone: run again to go on waiting, or raise pull_request.timeout",
    )
