"""Files, commits and tags of a bare repository, without a work tree.

Plumbing only: nothing of the repository's content is run, checked out or taken for an option.
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from slipway.clients.git_command import GitCommand
from slipway.clients.git_failures import failure
from slipway.clients.git_signing import Signer, not_signed
from slipway.errors import Final, InvalidInput

if sys.version_info >= (3, 12):
    import tarfile
else:
    from backports import tarfile  # that of 3.11 has filters from 3.11.4 on

LARGEST = 8 * 1024 * 1024  # bytes of a file that is read: a manifest, a changelog
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")
_LINKS = {"120000": "a symbolic link", "160000": "a submodule"}
# Read before the tree's own .gitattributes: the exported files are the committed ones, all of them.
_ATTRIBUTES = "* !export-ignore !export-subst\n"


class Author(NamedTuple):
    """Who a commit or a tag is by."""

    name: str
    email: str


class Entry(NamedTuple):
    """One path of a tree."""

    mode: str
    kind: str  # "blob", "tree" or "commit"
    oid: str
    path: str


def revision_argument(revision: str) -> str:
    """The revision, if it can be nothing but one on git's command line; else InvalidInput."""
    if not _REVISION.fullmatch(revision) or ".." in revision:
        raise InvalidInput(f"{revision!r} is not a revision", "give a commit id, branch or tag")
    return revision


def entries(git: GitCommand, revision: str, *paths: str, recurse: bool = False) -> list[Entry]:
    """The tree entries at these paths (all of the revision's, without a path)."""
    options = ["-r"] if recurse else []
    listing = git.run(
        "ls-tree", "-z", "--full-tree", *options, revision_argument(revision), "--", *paths,
        what=f"list files of {revision}",
    )  # fmt: skip
    return list(parsed_entries(listing.out))


def parsed_entries(listing: bytes) -> Iterator[Entry]:
    """What `ls-tree -z` has printed."""
    for line in listing.decode("utf-8", "surrogateescape").split("\0"):
        if line:
            head, path = line.split("\t", 1)
            mode, kind, oid = head.split()
            yield Entry(mode, kind, oid, path)


def refuse_links(found: list[Entry], revision: str) -> None:
    """Raise Final when a path is a symbolic link or a submodule: it may lead anywhere."""
    for entry in found:
        if entry.mode in _LINKS:
            raise Final(
                f"{entry.path!r} at {revision} is {_LINKS[entry.mode]}",
                "name a regular file or folder of the repository itself",
            )


def read_blob(git: GitCommand, entry: Entry, what: str) -> bytes:
    """A file's bytes; Final when it is larger than any that people write."""
    size = int(git.run("cat-file", "-s", entry.oid, what=what).text)
    if size > LARGEST:
        raise Final(
            f"could not {what}: it has {size} bytes, over the limit of {LARGEST}",
            "name another file, or take out what does not belong into it",
        )
    return git.run("cat-file", "blob", entry.oid, what=what).out


def write_commit(
    git: GitCommand,
    tree: str,
    parent: str | None,
    message: str,
    author: Author,
    date: datetime,
    signer: Signer | None = None,
) -> str:
    """A commit of the tree on `parent` (None: on nothing), signed with a signer; its id."""
    options = signer.options if signer else ()
    sign = ["-S"] if signer else []
    below = ["-p", parent] if parent else []
    commit = git.attempt(
        *options, "commit-tree", *sign, tree, *below, "-F", "-",
        stdin=_ended(message),
        environment=_identity(author, date) | dict(signer.environment if signer else {}),
    )  # fmt: skip
    if commit.status and signer:
        raise not_signed(commit.err)
    if commit.status:
        raise failure("write the commit", commit.all)
    return commit.text.strip()


def write_tag(
    git: GitCommand, name: str, sha: str, message: str, author: Author, date: datetime
) -> str:
    """An annotated tag object for the commit; no ref points at it yet."""
    checked = git.attempt("check-ref-format", f"refs/tags/{name}")
    if checked.status or name.startswith("-"):
        raise InvalidInput(f"{name!r} is not a tag name", "correct release.tag_format")
    identity = f"{_plain(author.name)} <{_plain(author.email)}> {_seconds(date)} +0000"
    head = f"object {sha}\ntype commit\ntag {name}\ntagger {identity}\n\n"
    tag = git.run("mktag", stdin=head.encode() + _ended(message), what=f"write tag {name}")
    return tag.text.strip()


def export_folder(git: GitCommand, git_dir: Path, revision: str, folder: str, target: Path) -> None:
    """Write the files of `folder` at `revision` below `target`, with their modes.

    Raises Final for a symbolic link or submodule among them, and when the folder holds no file.
    """
    prefix = "" if folder in ("", ".") else f"{PurePosixPath(folder)}/"
    paths = [prefix.rstrip("/")] if prefix else []
    found = entries(git, revision, *paths, recurse=True)
    refuse_links(found, revision)
    if not any(entry.path.startswith(prefix) for entry in found):
        raise Final(f"{folder!r} holds no file at {revision}", "correct the path")
    _fetch_missing(git, revision, prefix)
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info" / "attributes").write_text(_ATTRIBUTES, encoding="ascii")
    archive = git.run(
        "archive", "--format=tar", revision_argument(revision), "--", *paths,
        what=f"export {folder} of {revision}",
    )  # fmt: skip
    with tarfile.open(fileobj=io.BytesIO(archive.out)) as tar:
        for member in tar:
            if member.isfile() and member.name.startswith(prefix):
                inside = member.replace(name=member.name.removeprefix(prefix))
                tar.extract(inside, target, filter="data")


def _fetch_missing(git: GitCommand, revision: str, prefix: str) -> None:
    """Fetch the folder's missing blobs in one request; `archive` alone asks for them singly."""
    tree = f"{revision_argument(revision)}:{prefix.rstrip('/')}"
    listing = git.run(
        "rev-list", "--objects", "--no-object-names", "--missing=print", tree,
        what=f"list objects of {revision}",
    )  # fmt: skip
    missing = [line[1:] for line in listing.text.splitlines() if line.startswith("?")]
    if missing:
        git.run(
            "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--no-tags",
            "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin",
            stdin="\n".join(missing).encode() + b"\n", what=f"fetch the files of {revision}",
        )  # fmt: skip


def _identity(author: Author, date: datetime) -> dict[str, str]:
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (
            ("NAME", _plain(author.name)),
            ("EMAIL", _plain(author.email)),
            ("DATE", f"@{_seconds(date)} +0000"),
        )
    }


def _plain(text: str) -> str:
    kept = "".join(c for c in text if c.isprintable() and c not in "<>")
    return " ".join(kept.split()) or "unknown"


def _seconds(date: datetime) -> int:
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _ended(message: str) -> bytes:
    return (message.rstrip("\n") + "\n").replace("\0", "").encode()
