"""What one environment's GitOps update changes, and by what its commit is known. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from slipway.decision import Approval
from slipway.errors import Conflict, NotFound, Superseded
from slipway.manifests.claims import PLACEHOLDER, words_in
from slipway.manifests.diff import unified
from slipway.manifests.editor import NotEditable, get_scalar, set_scalar
from slipway.manifests.globs import is_pattern, matches
from slipway.model import Change, Edit, Image
from slipway.release.versions import Version
from slipway.service import Environment, Update
from slipway.text import printable

_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]*): (.*)")


class Computed(NamedTuple):
    """A change, and the new content of the files it touches."""

    change: Change
    files: Mapping[str, bytes]


def wanted(update: Update, image: Image) -> str:
    """The value an update asks for."""
    known = {"version": image.version, "digest": image.digest}
    return PLACEHOLDER.sub(lambda found: known[found[1]], update.value)


def compute(
    environment: Environment,
    image: Image,
    contents: Mapping[str, bytes | None],
    base: str,
    leaving: Image | None = None,
) -> Computed:
    """The edits that carry `image` into `environment`, on the files as they are at `base`.

    `contents` holds every file the updates name, and every one that their patterns select; None: no
    such file. A rollback names the image it is `leaving`, and replaces nothing but that one's
    values. Raises NotFound, NotEditable, InvalidInput, Superseded when a newer version would be
    overwritten, and Conflict when a rollback would overwrite another value.
    """
    files: dict[str, bytes] = {}
    edits = []
    for update, path in _places(environment, contents):
        source = files.get(path, contents.get(path))
        if source is None:
            there = "no file that matches" if is_pattern(path) else "no file"
            raise NotFound(
                f"{environment.name}: there is {there} {path} at {base}",
                "correct updates.file in the service file, or add the file to the repository",
            )
        value = wanted(update, image)
        edited = set_scalar(
            source, update.key, value,
            file=path, document=update.document, create=update.create,
        )  # fmt: skip
        if edited.changed:
            edit = Edit(file=path, key=_named(update), old=edited.old, new=value)
            if leaving is None:
                refuse_older(edit, image, _version_in(update, edited.old))
            elif edited.old != wanted(update, leaving):
                raise _not_left(edit, leaving, _version_in(update, edited.old))
            edits.append(edit)
            files[path] = edited.text
    diff = "".join(unified(path, contents[path] or b"", text) for path, text in files.items())
    change = Change(environment=environment.name, edits=tuple(edits), diff=diff, base=base)
    return Computed(change, files)


def holds(
    environment: Environment,
    image: Image,
    contents: Mapping[str, bytes | None],
    written: Mapping[str, bytes | None] | None = None,
) -> bool:
    """Whether every value of the environment still is the one `image` asks for.

    `written` are the files as they were written, if that was in another state of the repository: a
    file that matches a pattern, and came later, is not ours.
    """
    return all(
        _holds(update, path, contents.get(path), image)
        for update, path in _places(environment, contents if written is None else written)
    )


def _holds(update: Update, path: str, source: bytes | None, image: Image) -> bool:
    if source is None:
        return False
    try:
        there = get_scalar(source, update.key, file=path, document=update.document)
    except NotEditable:
        return False
    return there == wanted(update, image)


def value_at(environment: Environment, edit: Edit, source: bytes | None) -> str | None:
    """The value of an edit's key in another state of its file; None when there is none."""
    for update in environment.updates:
        if source is not None and _means(update, edit):
            try:
                return get_scalar(source, update.key, file=edit.file, document=update.document)
            except NotEditable:
                return None
    return None


def _means(update: Update, edit: Edit) -> bool:
    here = update.file == edit.file or matches(update.file, edit.file)
    return here and _named(update) == edit.key


def _named(update: Update) -> str:
    """The key as people know it; in a file of several documents, with the one that is meant."""
    chosen = ", ".join(f"{key}: {value}" for key, value in (update.document or {}).items())
    return f"{update.key} ({chosen})" if chosen else update.key


def _places(
    environment: Environment, contents: Mapping[str, bytes | None]
) -> Iterator[tuple[Update, str]]:
    """Every update with every file it means; a pattern that selects none stands for itself."""
    present = sorted(path for path, content in contents.items() if content is not None)
    for update in environment.updates:
        selected = [update.file]
        if is_pattern(update.file):
            selected = [path for path in present if matches(update.file, path)] or selected
        yield from ((update, path) for path in selected)


def told(environment: Environment, change: Change) -> bool:
    """Whether a value that the change replaces tells a version: every delivery writes them all."""
    return any(
        _version_in(update, edit.old)
        for edit in change.edits
        for update in environment.updates
        if _means(update, edit)
    )


def refuse_older(edit: Edit, image: Image, there: Version | None, by: str = "") -> None:
    """Raise Superseded when the value that the edit replaces belongs to a newer version."""
    ours = Version.parsed(image.version)
    if there and ours and there > ours:
        said = f"of {there}, by {by}, " if by else ""
        raise Superseded(
            f"{edit.file}: {edit.key} is already {edit.old}, {said}newer than {image.version}",
            "nothing to do; to go back on purpose, run the flow rollback, which proves the older"
            " version and holds the newer one",
        )


def _not_left(edit: Edit, leaving: Image, there: Version | None) -> Superseded | Conflict:
    """What is in the way of a rollback: a newer delivery, or a value that is somebody else's."""
    failed = Version.parsed(leaving.version)
    said = f"{edit.file}: {edit.key} is {printable(edit.old)!r}, no longer of {leaving.version}"
    if there and failed and there > failed:
        return Superseded(
            f"{said}: a newer version was delivered meanwhile, and it is not taken back",
            "look at how that delivery ended; to leave its version, roll that one back",
        )
    return Conflict(
        f"{said}, which was to be rolled back; nothing was overwritten",
        "ask who wrote it what is meant to be there, then start the rollback again",
    )


def _version_in(update: Update, value: str) -> Version | None:
    """The version that a value carries where the update would write its own; `v` may precede it."""
    said = words_in(update.value, value).get("version", "")
    return Version.parsed(said.partition("+")[0].removeprefix("v"))


def require_approved(change: Change, image: Image, approvals: Sequence[Approval]) -> None:
    """Raise Conflict unless each of the approvals approves exactly this change and image."""
    for approval in approvals:
        about = approval.subject
        same = (about.fingerprint, about.digest) == (change.fingerprint, image.digest)
        if same and approval.decision == "approve":
            continue
        raise Conflict(
            f"{change.environment}: the change is no longer the one that was approved"
            f" by {printable(approval.approver)}",
            "look at the new change and ask for its approval: start the promotion again",
        )


def place(service: str, environment: str) -> dict[str, str]:
    """The trailers of every commit that a delivery makes there."""
    return {"Slipway-Service": service, "Slipway-Environment": environment}


def identity(service: str, environment: str, image: Image) -> dict[str, str]:
    """The trailers by which a commit is found again, whoever made it."""
    return {
        **place(service, environment),
        "Slipway-Version": image.version,
        "Slipway-Digest": image.digest,
    }


def trailers_of(message: str) -> dict[str, str]:
    """The trailers of a commit message: the `Name: value` lines of its last paragraph."""
    last = message.strip().split("\n\n")[-1]
    found = (_TRAILER.fullmatch(line) for line in last.splitlines())
    return {match[1]: match[2] for match in found if match}
