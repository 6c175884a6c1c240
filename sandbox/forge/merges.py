"""Merging a branch as GitHub does, by plumbing in the bare repository."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sandbox.forge.repositories import GitError, Repositories

METHODS = ("merge", "squash", "rebase")
_GITHUB = "GitHub <noreply@github.com>"


class Unmergeable(Exception):
    """The two sides changed the same place."""


class Merger:
    """One merge of the commit `head` into the commit `base`, in one repository."""

    def __init__(self, repositories: Repositories, name: str, base: str, head: str) -> None:
        self._repositories, self._name = repositories, name
        self._base, self._head = base, head
        self._now = int(datetime.now(UTC).timestamp())

    def commits(self, *options: str) -> list[str]:
        """What the merge brings, oldest first."""
        order = ("--reverse", "--topo-order", *options)
        return self._git("rev-list", *order, f"{self._base}..{self._head}").split()

    def mergeable(self) -> bool:
        """Whether the two go together without a person's help."""
        try:
            self._tree(self._base, self._head)
        except Unmergeable:
            return False
        return True

    def merge(self, author: str, message: str) -> str:
        """A commit with two parents."""
        tree = self._tree(self._base, self._head)
        return self._commit(tree, (self._base, self._head), self._by(author), message)

    def squash(self, author: str, message: str) -> str:
        """One commit with everything."""
        tree = self._tree(self._base, self._head)
        return self._commit(tree, (self._base,), self._by(author), message)

    def rebase(self) -> str:
        """Each commit again on top of the base; always new ones, as GitHub is their committer."""
        onto = self._base
        for sha in self.commits("--no-merges"):
            onto = self._pick(sha, onto)
        return onto

    def diff(self) -> str:
        """What the branch changed since it left the base."""
        return self._git("diff", "--no-color", f"{self._base}...{self._head}", "--")

    def message(self, sha: str) -> str:
        """A commit's message."""
        return self._git("log", "-1", "--format=%B", sha)

    def _pick(self, sha: str, onto: str) -> str:
        """The change of one commit on another one: a merge whose common base is its parent."""
        root = self._commit(self._git("rev-parse", f"{sha}^^{{tree}}"), ())
        ours = self._commit(self._git("rev-parse", f"{onto}^{{tree}}"), (root,))
        theirs = self._commit(self._git("rev-parse", f"{sha}^{{tree}}"), (root,))
        author = self._git("log", "-1", "--date=raw", "--format=%an <%ae> %ad", sha)
        return self._commit(self._tree(ours, theirs), (onto,), author, self.message(sha))

    def _tree(self, ours: str, theirs: str) -> str:
        try:
            return self._git("merge-tree", "--write-tree", ours, theirs).splitlines()[0]
        except GitError as error:
            raise Unmergeable(str(error)) from None

    def _commit(
        self, tree: str, parents: Iterable[str], author: str = "", message: str = "-"
    ) -> str:
        lines = [f"tree {tree}", *(f"parent {sha}" for sha in parents)]
        lines += [f"author {author or self._by(_GITHUB)}", f"committer {self._by(_GITHUB)}"]
        content = "\n".join([*lines, "", message.strip(), ""])
        return self._git("hash-object", "-t", "commit", "-w", "--stdin", stdin=content.encode())

    def _by(self, person: str) -> str:
        return f"{person} {self._now} +0000"

    def _git(self, *arguments: str, stdin: bytes = b"") -> str:
        done = self._repositories.git(self._name, *arguments, stdin=stdin)
        return done.decode(errors="replace").strip()
