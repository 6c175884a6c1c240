"""Who changed our values in between: another delivery, or a person, whom nobody overwrites."""

from slipway.clients.git import Clone, Touched
from slipway.errors import Conflict
from slipway.manifests.edits import trailers_of, value_at
from slipway.model import Change, Edit
from slipway.service import Environment
from slipway.text import printable


def require_undisturbed(clone: Clone, environment: Environment, seen: Change, now: Change) -> None:
    """Raise Conflict when a person has changed a value that `seen` was going to change.

    `now` is the same change, computed on a newer head. A value that another delivery has written
    since is no conflict: which version stays is told by the versions.
    """
    before = {(edit.file, edit.key): edit.old for edit in seen.edits}
    for edit in now.edits:
        old = before.get((edit.file, edit.key), edit.new)  # not seen: it was there already
        if edit.old == old:
            continue
        by = _last(clone, environment, edit, seen.base, now.base)
        if by is None or "Slipway-Run" not in trailers_of(by.message):
            who = f"{printable(by.author)} in {by.sha}" if by else f"a commit before {now.base}"
            raise Conflict(
                f"{edit.file}: {edit.key} was changed from {old!r} to {edit.old!r} by {who}"
                " while the change was on its way; nothing was overwritten",
                "ask them what is meant to be there, then start the promotion again",
            )


def _last(
    clone: Clone, environment: Environment, edit: Edit, since: str, until: str
) -> Touched | None:
    """The commit that gave the edit's key its value of now."""
    for commit in clone.touched(since, until, edit.file):
        parent = commit.parent or since
        now, before = (
            value_at(environment, edit, clone.read(edit.file, revision))
            for revision in (commit.sha, parent)
        )
        if now == edit.old and before != now:
            return commit
    return None
