"""How much history a clone has, how to get more, and what follows what.

A shallow clone can say yes to "is this an ancestor"; it can say no when the other one is. Otherwise
a no takes the whole history.
"""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from slipway.clients.git_command import GitCommand
from slipway.clients.git_objects import revision_argument
from slipway.errors import SlipwayError
from slipway.readiness.references import is_full_sha

_DEEPENINGS = (100, 400, 2000)  # commits; a history longer than all is left unread
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_OFFLINE = {"GIT_ALLOW_PROTOCOL": "none"}  # keeps git from fetching what it does not find


class Written(NamedTuple):
    """A commit's message. It is untrusted, and so is the time."""

    sha: str  # 40 hex
    message: str
    at: datetime  # UTC, when it was committed


class Touched(NamedTuple):
    """A commit that changed a path, and what its first parent is. All text is untrusted."""

    sha: str  # 40 hex
    parent: str | None
    author: str
    message: str


def fetch(git: GitCommand, *refs: str, options: Sequence[str] = (), what: str) -> None:
    """Fetch refs or commits, with as much of their files as the clone was made with."""
    git.run(
        "fetch", "--quiet", "--no-tags", *options, "origin", *refs,
        what=what,
    )  # fmt: skip


def deepen(git: GitCommand, commits: int, *refs: str) -> None:
    """Fetch that many commits more behind these refs; nothing to do for a full history."""
    if is_shallow(git):
        fetch(git, *refs, options=[f"--deepen={commits}"], what="fetch more history")


def one_deep(git: GitCommand) -> list[str]:
    """The option that keeps a shallow clone shallow when it fetches something else."""
    return ["--depth=1"] if is_shallow(git) else []


def is_shallow(git: GitCommand) -> bool:
    """Whether commits are missing at the end of the history."""
    printed = git.run("rev-parse", "--is-shallow-repository", what="read the clone")
    return printed.text.strip() == "true"


def has_commit(git: GitCommand, sha: str) -> bool:
    """Whether the commit is in the clone."""
    found = git.attempt("cat-file", "-e", f"{sha}^{{commit}}", environment=_OFFLINE)
    return found.status == 0


def obtain_files(git: GitCommand, revision: str, paths: Sequence[str]) -> None:
    """Fetch the contents of files that are missing, in one request instead of one each.

    To count their lines, git gets all of them first.
    """
    if paths:  # none would be all there are
        git.run(
            "diff-tree", "-r", "--numstat", "--no-ext-diff", "--no-textconv",
            _EMPTY_TREE, revision_argument(revision), "--", *paths,
            what=f"fetch files of {revision}",
        )  # fmt: skip


def at(git: GitCommand, branch: str, head: str, moment: datetime) -> str:
    """The newest commit of the branch's own line that is not younger than `moment`.

    By the dates of its commits, to the second; the oldest one that was fetched where all are
    younger. History is fetched only as far as that takes.
    """
    for commits in (*_DEEPENINGS, 0):
        for sha, date in _dates(git, head):
            if date <= moment.timestamp():
                return sha
        if not commits or not is_shallow(git):
            return sha
        deepen(git, commits, branch)
    raise AssertionError("the last step returns")


def _dates(git: GitCommand, head: str) -> Iterator[tuple[str, int]]:
    for record in _records(git, ["--first-parent", "--format=%H %ct"], None, head, "."):
        sha, date = record.decode().split()
        yield sha, int(date)


def is_ancestor(git: GitCommand, ancestor: str, revision: str) -> bool:
    """Whether the clone's history leads from `revision` to `ancestor`."""
    return git.attempt("merge-base", "--is-ancestor", ancestor, revision).status == 0


def contains(git: GitCommand, branch: str, revision: str, ancestor: str) -> bool | None:
    """Whether `ancestor` is `revision` or one of its ancestors; None when it cannot be told.

    Both are commit ids; `branch` is the full ref along which history is fetched.
    """
    if not (is_full_sha(revision) and is_full_sha(ancestor)):
        return None
    if revision == ancestor:
        return True
    if not all(_obtain(git, branch, sha) for sha in (revision, ancestor)):
        return None
    for commits in (*_DEEPENINGS, 0):
        if is_ancestor(git, ancestor, revision):
            return True
        if is_ancestor(git, revision, ancestor) or not is_shallow(git):
            return False
        if commits:
            deepen(git, commits, branch, revision)
    return None


def _obtain(git: GitCommand, branch: str, sha: str) -> bool:
    """Whether the commit is here, after an attempt to get it."""
    if has_commit(git, sha):
        return True
    deepen(git, _DEEPENINGS[0], branch)
    if not has_commit(git, sha):
        with contextlib.suppress(SlipwayError):
            fetch(git, sha, options=one_deep(git), what=f"fetch {sha}")
    return has_commit(git, sha)


def log(git: GitCommand, form: str, since: str | None, until: str, path: str = ".") -> list[str]:
    """One text a commit that touched `path`, in git's `--format`, newest first."""
    found = _records(git, ["--full-history", f"--format={form}"], since, until, path)
    return [record.decode("utf-8", "replace").lstrip("\n") for record in found if record]


def written(git: GitCommand, since: str | None, until: str, path: str) -> Iterator[Written]:
    """Messages of the commits in `until` but not in `since` that touched `path`, newest first.

    Merges are left out. Every side branch is followed: git would otherwise skip one whose files
    the merge did not take.
    """
    options = ["--topo-order", "--no-merges", "--full-history", "--format=%H %ct%n%B"]
    for record in _records(git, options, since, until, path):
        head, _, message = record.lstrip(b"\n").decode("utf-8", "replace").partition("\n")
        sha, seconds = head.split()
        yield Written(sha, message, datetime.fromtimestamp(int(seconds), UTC))


def touched(git: GitCommand, since: str, until: str, path: str) -> Iterator[Touched]:
    """Commits in `until` but not in `since` that touched `path`, newest first, merges left out."""
    options = ["--topo-order", "--no-merges", "--full-history", "--format=%H%n%P%n%an <%ae>%n%B"]
    for record in _records(git, options, since, until, path):
        text = record.lstrip(b"\n").decode("utf-8", "replace")
        sha, parents, author, message = text.split("\n", 3)
        yield Touched(sha, next(iter(parents.split()), None), author, message)


def own_line(
    git: GitCommand, since: str | None, until: str, path: str
) -> Iterator[tuple[str, str | None]]:
    """Commits of the branch's own line that touched `path`, newest first, each with its parent."""
    options = ["--first-parent", "--format=%H %P"]
    for record in _records(git, options, since, until, path):
        sha, *parents = record.decode().split()
        yield sha, parents[0] if parents else None


def _records(
    git: GitCommand, options: Sequence[str], since: str | None, until: str, path: str
) -> Iterator[bytes]:
    span = [revision_argument(until), *([f"^{revision_argument(since)}"] if since else [])]
    within = [] if path == "." else [path]  # the root's empty commits count
    return git.records(
        "log", "-z", "--encoding=UTF-8", *options, *span, "--", *within,
        what=f"read the history of {until}",
    )  # fmt: skip


def fetched_tags(git: GitCommand, within: str | None) -> dict[str, str]:
    """Tags of the clone and their commits; those that `within` contains, where it is given."""
    only = [f"--merged={revision_argument(within)}"] if within else []
    printed = git.run(
        "for-each-ref", *only, "refs/tags",
        "--format=%(refname:strip=2) %(objecttype) %(objectname) %(*objecttype) %(*objectname)",
        what="list the tags",
    )  # fmt: skip
    found = {}
    for line in printed.text.splitlines():
        name, *objects = line.split()  # the tag's own object, and the one it stands on
        if objects[-2] == "commit":
            found[name] = objects[-1]
    return found
