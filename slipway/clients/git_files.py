"""A ref of a remote that holds small files and no branch: read as a whole, changed with a lease.

No rule for branches looks at such a ref, and no clone fetches it unasked. Nothing is retried here.
"""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import git
from pydantic import SecretStr

from slipway.clients import git_history as history
from slipway.clients.git_command import GitCommand, git_in, require_url
from slipway.clients.git_objects import Author, parsed_entries, write_commit
from slipway.clients.git_push import listed, push
from slipway.clients.git_trees import changed_tree


class Files(NamedTuple):
    """The files below one folder, as the remote held them at one moment."""

    head: str  # commit id; empty: the ref does not exist
    found: Mapping[str, bytes]  # path from the root, and content


@contextlib.contextmanager
def opened(url: str, ref: str, token: SecretStr | None) -> Iterator["FileRef"]:
    """The ref of a remote repository, which may not exist yet.

    Raises InvalidInput for a URL that is not plain http or https.
    """
    require_url(url)
    with git_in(token) as (command, folder):
        path = folder / "files.git"
        command.run("init", "--quiet", "--bare", "--template=", str(path), what="begin a clone")
        repo = git.Repo(path)
        try:
            bound = command.within(repo)
            bound.run("remote", "add", "origin", url, what="begin a clone")
            yield FileRef(url, ref, bound)
        finally:
            repo.close()


class FileRef:
    """One ref with files. Raises NotFound, Unauthorized and Retryable as every git command does."""

    def __init__(self, url: str, ref: str, command: GitCommand) -> None:
        self._url, self._ref, self._git = url, ref, command

    def read(self, folder: str) -> Files:
        """All files below `folder` at the remote, now."""
        if not listed(self._git, self._url, [self._ref]):
            return Files("", {})
        what = f"fetch {self._ref} of {self._url}"
        refspec = f"+{self._ref}:{self._ref}"
        history.fetch(self._git, refspec, options=["--depth=1"], what=what)
        head = self._git.run("rev-parse", self._ref, what=what).text.strip()
        listing = self._git.run("ls-tree", "-r", "-z", head, "--", f"{folder}/", what=what)
        return Files(head, self._contents({e.path: e.oid for e in parsed_entries(listing.out)}))

    def _contents(self, oids: Mapping[str, str]) -> dict[str, bytes]:
        asked = "".join(f"{oid}\n" for oid in oids.values())
        what = f"read {self._ref} of {self._url}"
        rest = self._git.run("cat-file", "--batch", stdin=asked.encode(), what=what).out
        found = {}
        for path in oids:  # each: "<id> blob <size>", a line feed, the content, a line feed
            head, _, rest = rest.partition(b"\n")
            size = int(head.split()[2])
            found[path], rest = rest[:size], rest[size + 1 :]
        return found

    def change(
        self, head: str, files: Mapping[str, bytes | None], message: str, author: Author
    ) -> None:
        """Replace, add or (None) remove files of `head`, in one commit, if the ref is still there.

        Raises PushRace when it has moved meanwhile, and what a push raises.
        """
        tree = changed_tree(self._git, head or None, files)
        now = datetime.now(UTC)
        commit = write_commit(self._git, tree, head or None, message, author, now)
        push(self._git, self._url, {self._ref: commit}, {self._ref: head}, ())
