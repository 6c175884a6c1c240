"""What others have written: another delivery, or a person, whom nobody overwrites."""

from collections.abc import Iterator

from slipway.clients.git import Clone, Touched
from slipway.errors import Conflict
from slipway.manifests.edits import place, refuse_older, told, trailers_of, value_at
from slipway.model import Change, Edit, Image
from slipway.release.versions import Version
from slipway.service import Environment, Service
from slipway.text import printable

_LOOK_BACK = (50, 500, 5000)  # commits fetched more, each time that those before were not enough


def require_undisturbed(
    clone: Clone, service: Service, environment: Environment, change: Change, since: str
) -> None:
    """Raise Conflict when a person has changed a value of ours after `since`, a commit before.

    A value that another delivery has written is no conflict: which version stays is told by the
    versions.
    """
    if since == change.base:
        return
    ours = place(service.service, environment.name)
    messages = clone.messages(since, change.base).values()
    delivered = any(ours.items() <= trailers_of(message).items() for message in messages)
    for edit in change.edits:
        old = value_at(environment, edit, clone.read(edit.file, since)) or ""
        if old == edit.old and not delivered:
            continue  # who changed it has also put it back
        by = _last(clone, environment, edit, since, change.base)
        if by is None and old == edit.old:
            continue
        if by is None or "Slipway-Run" not in trailers_of(by.message):
            raise _conflict(edit, old, by, change.base)


def _conflict(edit: Edit, old: str, by: Touched | None, base: str) -> Conflict:
    who = f"{printable(by.author)} in {by.sha}" if by else f"a commit before {base}"
    change = f"from {old!r} to {edit.old!r}" if old != edit.old else f"back to {edit.old!r}"
    return Conflict(
        f"{edit.file}: {edit.key} was changed {change} by {who} while the change was on its way;"
        " nothing was overwritten",
        "ask them what is meant to be there, then start the promotion again",
    )


def _last(
    clone: Clone, environment: Environment, edit: Edit, since: str, until: str
) -> Touched | None:
    """The commit that gave the edit's key its value of now."""
    for commit in clone.touched(since, until, edit.file):
        parent = commit.parent or since
        now, before = (
            value_at(environment, edit, clone.read(edit.file, revision)) or ""
            for revision in (commit.sha, parent)
        )
        if now == edit.old and before != now:
            return commit
    return None


def require_newest(
    clone: Clone, service: Service, environment: Environment, change: Change, image: Image
) -> None:
    """Raise Superseded when the values, which tell no version themselves, are a newer delivery's.

    That is the newest one of this environment which left them as they are.
    """
    if not change.edits or told(environment, change):
        return
    for sha, version in _deliveries(clone, place(service.service, environment.name)):
        for edit in change.edits:
            if value_at(environment, edit, clone.read(edit.file, sha)) == edit.old:
                refuse_older(edit, image, version, sha)
                return


def _deliveries(clone: Clone, ours: dict[str, str]) -> Iterator[tuple[str, Version | None]]:
    """Commits with these trailers and the versions they carry, newest first."""
    seen: set[str] = set()
    for commits in _LOOK_BACK:
        clone.deepen(commits)
        for sha, message in clone.messages(None, clone.head).items():
            trailers = trailers_of(message)
            if sha not in seen and ours.items() <= trailers.items():
                yield sha, Version.parsed(trailers.get("Slipway-Version", ""))
            seen.add(sha)
