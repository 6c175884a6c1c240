"""Which commit of the base first holds the values, whatever form the merge gave it."""

from slipway.clients.github import FullPull
from slipway.errors import Conflict
from slipway.gitops.before import already_there, as_written
from slipway.gitops.compute import contents, promotion
from slipway.gitops.pull_desk import Desk, Waiting, called
from slipway.gitops.pull_text import withdrawn
from slipway.manifests.edits import holds
from slipway.model import Change, Promotion
from slipway.text import printable


def landed(desk: Desk, change: Change, pull: FullPull | None) -> Promotion:
    """The promotion for values that the base holds: by the pull request, or by somebody else."""
    if pull is not None and pull.merged and _is_ours(desk, pull):
        revision = _merge_of(desk, pull) or already_there(desk.order, desk.clone).revision
        return _merged(desk, change, pull, revision)
    revision, reason, ours, _ = already_there(desk.order, desk.clone)
    if desk.order.signs and ours and desk.carries(ours):
        desk.clone.require_signature(ours)
    if pull is not None and pull.open and desk.tip and desk.carries(desk.tip):
        why = f"{desk.clone.branch} holds the values already, by {revision[:10]}"
        desk.forge.close_pull(pull, withdrawn(pull.body, why))
        reason = f"{reason}; {called(pull)} was closed"
    return promotion(
        desk.order.service, change, revision, reason, desk.order.watch, committed=False
    )


def merged_and_gone(desk: Desk, change: Change, pull: FullPull) -> Promotion | Waiting:
    """The end of a merged pull request whose values the base does not hold, or not any more.

    Raises Conflict when the merge had another result than what was asked for.
    """
    sha = pull.merge_commit_sha or ""
    if not desk.clone.contains(desk.clone.head, sha):
        return Waiting(f"{called(pull)} is merged, and {desk.clone.branch} does not show it yet")
    if _holds(desk, sha):
        return _merged(desk, change, pull, sha, "; the values were changed again since")
    raise Conflict(
        f"{desk.order.environment.name}: {called(pull)} was merged by {_who(pull)} as {sha}, which"
        " does not hold the values that were asked for",
        f"look at what was merged: {pull.html_url}; then start the promotion again",
    )


def _is_ours(desk: Desk, pull: FullPull) -> bool:
    return pull.number == desk.seen or desk.carries(pull.head_sha)


def _merge_of(desk: Desk, pull: FullPull) -> str | None:
    """What the forge calls the merge, if the base has it and it holds the values."""
    sha = pull.merge_commit_sha or ""
    return sha if desk.clone.contains(desk.clone.head, sha) and _holds(desk, sha) else None


def _holds(desk: Desk, sha: str) -> bool:
    environment = desk.order.environment
    return holds(environment, desk.order.image, contents(desk.clone, environment, sha))


def _merged(desk: Desk, change: Change, pull: FullPull, revision: str, more: str = "") -> Promotion:
    alone = "" if desk.carries(pull.head_sha) else ", with commits of others on its branch"
    reason = (
        f"{called(pull)} was merged by {_who(pull)} as {revision[:10]}{alone}{more}"
        f"{_signature(desk, pull, revision)}"
    )
    waited = pull.number == desk.seen
    change = (desk.proposed if waited else None) or as_written(
        desk.order, desk.clone, revision, change
    )
    made = promotion(
        desk.order.service, change, revision, reason, desk.order.watch, committed=waited
    )
    return made.model_copy(update={"url": pull.html_url})


def _signature(desk: Desk, pull: FullPull, revision: str) -> str:
    """What became of our signature; a merge on the forge makes commits of its own.

    Raises Final when our commit is there without it.
    """
    if not desk.order.signs:
        return ""
    there = desk.clone.contains(revision, pull.head_sha)
    if there and desk.carries(pull.head_sha):
        desk.clone.require_signature(pull.head_sha)
    if revision == pull.head_sha:
        return ""
    if there:
        return f"; our signature is on {pull.head_sha[:10]}, which it merges, and not on itself"
    return "; the forge made a new commit of it, which does not carry our signature"


def _who(pull: FullPull) -> str:
    return printable(pull.merged_by) or "somebody"
