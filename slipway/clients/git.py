"""The git client: a short-lived bare clone that reads, commits and pushes.

Every clone is fresh, shallow where it can be, and without file contents until they are read; it
is removed afterwards. Nothing is retried here. A push that fails is judged by what the remote
holds afterwards, because an answer can be lost after the work was done.
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import git
from pydantic import SecretStr

from slipway.clients import git_history as history
from slipway.clients import git_signing
from slipway.clients.git_command import GitCommand, git_in, require_remote
from slipway.clients.git_failures import NotPermitted, Protected, PushRace, Refused
from slipway.clients.git_history import Touched, Written
from slipway.clients.git_objects import (
    Author,
    export_folder,
    read_blob,
    write_commit,
    write_tag,
)
from slipway.clients.git_push import listed, push
from slipway.clients.git_signing import Signer, signer
from slipway.clients.git_trees import Trees, write_tree
from slipway.errors import InvalidInput
from slipway.gates.authors import coauthors
from slipway.model import Commit
from slipway.readiness.references import is_full_sha

__all__ = [
    "Author", "Clone", "NotPermitted", "Protected", "PushRace", "Refused", "Touched", "cloned",
]  # fmt: skip


@contextlib.contextmanager
def cloned(
    url: str,
    branch: str,
    token: SecretStr | None,
    *,
    depth: int | None = 1,
    tags: bool = False,
    sparse: bool = False,
    signing_key: SecretStr | None = None,
) -> Iterator["Clone"]:
    """A bare clone of one branch; `depth` None is the full history. Removed after the block.

    A `sparse` one begins with commits alone, and gets the folders on the way to the files that are
    read or written: its cost does not depend on what else the repository holds. With a signing key
    (SSH, or armored OpenPGP) its commits are signed.

    Raises InvalidInput (URL not plain http or https, branch missing), NotFound, Unauthorized,
    Retryable.
    """
    require_remote(url, branch)
    shallow = [f"--depth={depth}"] if depth else []
    with git_in(token) as (command, folder), contextlib.ExitStack() as stack:
        signing = stack.enter_context(signer(signing_key, folder)) if signing_key else None
        path = folder / "clone.git"
        command.run(
            "clone", "--bare", "--template=", f"--filter={'tree:0' if sparse else 'blob:none'}",
            "--single-branch", "--no-tags", *shallow, f"--branch={branch}", "--", url, str(path),
            what=f"clone branch {branch} of {url}",
        )  # fmt: skip
        repo = git.Repo(path)
        try:
            clone = Clone(
                url, branch, repo, command.within(repo), tags=tags, sparse=sparse, signer=signing
            )
            if tags:
                clone.fetch_tags(shallow)
            yield clone
        finally:
            repo.close()


class Clone:
    """One branch of a remote repository. `head` is its remote head at the last fetch, 40 hex.

    `repo` is GitPython's view of the clone, for reading only.
    """

    def __init__(
        self,
        url: str,
        branch: str,
        repo: git.Repo,
        command: GitCommand,
        *,
        tags: bool,
        sparse: bool,
        signer: Signer | None,
    ) -> None:
        self.url, self.branch, self.repo = url, branch, repo
        self._git, self._with_tags, self._signer = command, tags, signer
        self._trees = Trees(command, sparse=sparse)
        self._ref = f"refs/heads/{branch}"
        self.head = self._local_head()

    def _local_head(self) -> str:
        found = self._git.attempt("rev-parse", "--verify", "--quiet", f"{self._ref}^{{commit}}")
        if found.status:
            raise InvalidInput(
                f"{self.url} has no branch {self.branch}", "check the branch in the service file"
            )
        return found.text.strip()

    # Reading

    def read(self, path: str, revision: str | None = None) -> bytes | None:
        """A file's bytes at `revision` (default: head); None when there is no such file.

        Raises Final when the path is, or leads through, a symbolic link or submodule, and for a
        file of more than 8 MiB.
        """
        return self.read_all([path], revision)[path]

    def read_all(
        self, paths: Iterable[str], revision: str | None = None
    ) -> dict[str, bytes | None]:
        """`read` for several files, fetched together."""
        wanted = list(paths)
        found = self._trees.files(revision or self.head, wanted)
        self._trees.obtain(found.values())
        return {
            path: read_blob(self._git, found[path], f"read {path} of {self.url}")
            if path in found
            else None
            for path in wanted
        }

    def below(self, folder: str, revision: str | None = None) -> tuple[str, ...]:
        """The paths of all files below a folder ("": the root), in order; none for no folder.

        Links and submodules are among them; to read one is refused.
        """
        return tuple(sorted(self._trees.below(revision or self.head, folder)))

    def obtain_files(self, *paths: str) -> None:
        """Fetch the contents of these files of the head at once; those that exist."""
        history.obtain_files(self._git, self.head, paths)

    def export(self, revision: str, folder: str, target: Path) -> None:
        """Write the files of `folder` at `revision` below `target`; modes are kept.

        Raises Final naming the path of a symbolic link or submodule, or an empty folder.
        """
        if is_full_sha(revision) and not history.has_commit(self._git, revision):
            what = f"fetch {revision} of {self.url}"
            history.fetch(self._git, revision, options=history.one_deep(self._git), what=what)
        export_folder(self._git, Path(self.repo.git_dir), revision, folder, target)

    def log(self, since: str | None, until: str, path: str = ".") -> list[Commit]:
        """Commits reachable from `until`, not from `since`, that touched `path`; newest first."""
        lines = history.log(self._git, "%H%n%an <%ae>%n%s%n%B", since, until, path)
        return [
            Commit(sha=sha, subject=subject, author=author, coauthors=coauthors(message))
            for sha, author, subject, message in (line.split("\n", 3) for line in lines)
        ]

    def messages(self, since: str | None, until: str) -> dict[str, str]:
        """Full messages of the same commits, by commit id, newest first."""
        return {line[:40]: line[41:] for line in history.log(self._git, "%H%n%B", since, until)}

    def written(self, since: str | None, until: str, path: str = ".") -> Iterator[Written]:
        """Full messages of the commits that touched `path`, merges left out, newest first."""
        return history.written(self._git, since, until, path)

    def touched(self, since: str, until: str, path: str) -> Iterator[Touched]:
        """Who touched `path` between the two commits, merges left out, newest first."""
        return history.touched(self._git, since, until, path)

    def own_line(
        self, since: str | None, until: str, path: str
    ) -> Iterator[tuple[str, str | None]]:
        """Commits of the branch's own line that touched `path`, newest first, with their parents.

        `since` and what it contains are left out.
        """
        return history.own_line(self._git, since, until, path)

    def fetched_tags(self, within: str | None = None) -> dict[str, str]:
        """Tags as last fetched or pushed: name and commit; only those `within` contains."""
        return history.fetched_tags(self._git, within)

    # The remote

    def remote(self, *refs: str) -> dict[str, str]:
        """Object ids of these refs at the remote, now; all refs without an argument."""
        return listed(self._git, self.url, refs)

    def tags(self) -> dict[str, str]:
        """Tags of the remote, now: name and the commit it stands for."""
        printed = self._git.run("ls-remote", "--tags", "origin", what=f"list tags of {self.url}")
        found: dict[str, str] = {}
        for line in printed.text.splitlines():  # a peeled line follows the tag object's own
            oid, ref = line.split("\t", 1)
            found[ref.removeprefix("refs/tags/").removesuffix("^{}")] = oid
        return found

    def refetch(self) -> str:
        """Fetch the branch again and return its new head. InvalidInput when it is gone."""
        history.fetch(
            self._git, f"+{self._ref}:{self._ref}", options=["--filter=blob:none"],
            what=f"fetch {self.branch} of {self.url}",
        )  # fmt: skip
        self._trees.changed()
        if self._with_tags:
            self.fetch_tags(history.one_deep(self._git))
        self.head = self._local_head()
        return self.head

    def obtain(self, ref: str) -> None:
        """Fetch one more ref without its files; a shallow clone gets its last commit alone."""
        options = history.one_deep(self._git)
        history.fetch(self._git, ref, options=options, what=f"fetch {ref} of {self.url}")

    def fetch_tags(self, options: list[str]) -> None:
        """Make the local tags those of the remote."""
        what = f"fetch tags of {self.url}"
        history.fetch(
            self._git, "+refs/tags/*:refs/tags/*", options=["--prune", *options], what=what
        )

    def deepen(self, commits: int) -> None:
        """Fetch that many commits more of a shallow history; nothing to do for a full one."""
        history.deepen(self._git, commits, self._ref)

    def at(self, moment: datetime) -> str:
        """The newest commit of the branch's own line that is not younger than `moment`.

        By the commits' own dates; the oldest one within reach, where all are younger.
        """
        return history.at(self._git, self._ref, self.head, moment)

    def contains(self, revision: str, ancestor: str) -> bool | None:
        """Whether `ancestor` is `revision` or one of its ancestors; None when it cannot be told."""
        return history.contains(self._git, self._ref, revision, ancestor)

    # Writing

    def commit(
        self,
        parent: str,
        files: Mapping[str, bytes],
        message: str,
        author: Author,
        date: datetime | None = None,
    ) -> str:
        """A local commit on `parent` with these files replaced or added; returns its id.

        The same input and date give the same commit. Modes of existing files are kept.
        """
        when = date or datetime.now(UTC)
        tree = write_tree(self._git, self._trees, parent, files)
        return write_commit(self._git, tree, parent, message, author, when, self._signer)

    def tag(self, name: str, sha: str, message: str, author: Author, date: datetime) -> str:
        """A local annotated tag object for the commit; returns the object's id."""
        return write_tag(self._git, name, sha, message, author, date)

    def push(
        self,
        refs: Mapping[str, str],
        *,
        expect: Mapping[str, str] | None = None,
        rewritten: Collection[str] = (),
    ) -> None:
        """Point remote refs at local objects: all of them, or none.

        `expect` names what a ref must hold now ("" for: must not exist). A branch only ever moves
        forward, unless it is in `rewritten`. After a failure the remote decides: if it holds what
        was wanted, that is success.
        Raises PushRace, Protected, Refused, NotPermitted, Unauthorized, NotFound, Retryable, Final.
        """
        push(self._git, self.url, refs, dict(expect or {}), rewritten)
        self.head = refs.get(self._ref, self.head)

    def require_signed(self, revision: str, branch: str = "") -> None:
        """Read a pushed commit back from the remote and check its signature by the clone's key.

        Raises Final when it is not on the branch (default: the clone's own) any more, or not
        signed by that key.
        """
        ref = f"refs/heads/{branch}" if branch else self._ref
        git_signing.require_signed(self._git, self.url, ref, revision, self._signer)

    def require_signature(self, revision: str) -> None:
        """Check the signature of a fetched commit. Raises Final when it is not by that key."""
        git_signing.require_signature(self._git, self.url, revision, self._signer)

    def signed(self, revision: str) -> bool:
        """Whether a commit that is here carries the signature of the clone's key."""
        return git_signing.unsigned(self._git, revision, self._signer) is None
