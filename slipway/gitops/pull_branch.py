"""The branch of a pull request: one commit of ours on the head of its base, or it is not touched.

The commit depends on the base and on what is carried alone: a repeated run makes the same one. It
stays while it says the same, whichever run made it, so a base that moved elsewhere costs no review.
"""

from collections.abc import Mapping

from slipway.clients.git import Author, Protected
from slipway.clients.github import FullPull, Queue
from slipway.errors import Conflict, Rejected, Superseded
from slipway.gitops.pull_desk import Desk, Tip, called
from slipway.release.versions import Version

_OUTDATED = ("behind", "dirty")  # states of a pull request that a new commit on the base mends


def refuse_closed(desk: Desk, pull: FullPull | None) -> None:
    """Raise Rejected when a person has closed a pull request for exactly this image.

    One that is open for it again says yes, and so does an approval that is younger.
    """
    if pull is not None and pull.open and desk.carries(pull.head_sha):
        return
    order = desk.order
    for closed in desk.closed():
        if order.approvals and closed.closed_at and order.decided > closed.closed_at:
            continue
        raise Rejected(
            f"{order.environment.name}: {called(closed)} for {order.image.version} was closed"
            f" without merging: {closed.html_url}",
            f"reopen it (restore its branch {desk.branch} first, if that was deleted) and run"
            " again, or deliver another version",
        )


def brought(
    desk: Desk, pull: FullPull | None, files: Mapping[str, bytes], queue: Queue | None
) -> str:
    """The commit on the branch that holds exactly these files; made and pushed where it is missing.

    Raises Conflict (somebody else's work is on the branch), Superseded (a newer version is), and
    what the push raises.
    """
    if desk.tip and _stays(desk, desk.read(desk.tip), pull, files, queue):
        return desk.tip
    clone, ref = desk.clone, f"refs/heads/{desk.branch}"
    settings, head = desk.order.settings, clone.head
    author = Author(settings.author_name, settings.author_email)
    date = clone.repo.commit(head).committed_datetime
    sha = clone.commit(head, files, desk.order.message, author, date)
    try:
        clone.push({ref: sha}, expect={ref: desk.tip}, rewritten=[ref])
    except Protected as refusal:
        hint = "allow the token's owner to make and to rewrite the branches slipway/**"
        raise Protected(refusal.message, hint) from None
    if desk.order.signs:
        clone.require_signed(sha, desk.branch)
    desk.tip = sha
    return sha


def _stays(
    desk: Desk, tip: Tip, pull: FullPull | None, files: Mapping[str, bytes], queue: Queue | None
) -> bool:
    """Whether the branch is right as it is. Raises where it must not be touched."""
    merged = pull is not None and pull.merged and pull.head_sha == tip.sha
    if merged:
        return False
    if not tip.ours:
        raise Conflict(
            f"{desk.clone.url}: {desk.branch} was changed: {tip.sha} by {tip.who} is not ours",
            f"merge it, or move that work to another branch and delete {desk.branch}; then run"
            " again",
        )
    if pull is None or not pull.open:
        return _is_same(desk, tip, files)
    _refuse_rival(desk, tip, pull)
    if queue and queue.waiting:
        return True  # a push would throw it out; the queue tests what it merges
    outdated = pull.mergeable_state in _OUTDATED and tip.parent != desk.clone.head
    return _is_same(desk, tip, files) and not outdated


def _refuse_rival(desk: Desk, tip: Tip, pull: FullPull) -> None:
    """Raise for a pull request that carries what this run must not replace."""
    said = tip.trailers.get("Slipway-Version", "")
    there, ours = Version.parsed(said), Version.parsed(desk.order.image.version)
    if there and ours and there > ours:
        raise Superseded(
            f"{desk.order.environment.name}: {called(pull)} carries {said}, newer than"
            f" {desk.order.image.version}: {pull.html_url}",
            "nothing to do; to go back on purpose, close it and run again",
        )
    if said == desk.order.image.version and not desk.carries(tip.sha):
        raise Conflict(
            f"{desk.order.environment.name}: {called(pull)} carries {said} with another digest:"
            f" {pull.html_url}",
            "close the one that is wrong, and run again",
        )


def _is_same(desk: Desk, tip: Tip, files: Mapping[str, bytes]) -> bool:
    """Whether it carries this image with these files, approved and signed where it has to be."""
    approved = not desk.order.approvals or "Approved-By" in tip.trailers
    return (
        approved
        and (tip.signed or not desk.order.signs)
        and desk.carries(tip.sha)
        and all(desk.clone.read(path, tip.sha) == content for path, content in files.items())
    )
