"""Reads a bare git repository, as the repo-server reads its clone."""

import re
import subprocess
from pathlib import Path

_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
}
FULL_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,39}")


class RepoError(Exception):
    """The repo-server could not resolve, read or render."""


class Repository:
    """One bare repository; without a path, one that nobody can reach."""

    def __init__(self, url: str, path: Path | None) -> None:
        self._url = url
        self._path = path

    def resolve(self, revision: str) -> str:
        """Branch or tag to commit; a SHA is taken as it is, unchecked."""
        if FULL_SHA.fullmatch(revision):
            return revision
        for name in ("refs/heads/", "refs/tags/", "") if revision != "HEAD" else ("",):
            if not name and revision != "HEAD":
                break
            found = self._git("rev-parse", "--verify", "--quiet", f"{name}{revision}^{{commit}}")
            if found is not None:
                return found.strip()
        if _SHORT_SHA.fullmatch(revision):
            return revision
        raise RepoError(f"unable to resolve '{revision}' to a commit SHA")

    def read(self, commit: str, path: str) -> str | None:
        """The text of a file, or None when there is none."""
        return self._git("show", f"{commit}:{path}")

    def check_out(self, commit: str) -> None:
        """Raise RepoError unless the commit is there."""
        if self._git("cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise RepoError(f"failed to checkout revision {commit}: reference is not a tree")

    def has_folder(self, commit: str, path: str) -> bool:
        return self._git("rev-parse", "--verify", "--quiet", f"{commit}:{path}") is not None

    def files(self, commit: str, path: str) -> list[str]:
        """The paths of all files below a folder."""
        below = ["--", f"{path}/"] if path else []
        listed = self._git("ls-tree", "-r", "-z", "--name-only", commit, *below) or ""
        return [name for name in listed.split("\0") if name]

    def metadata(self, commit: str) -> dict[str, str]:
        """Author, date and message of a commit; raises RepoError."""
        self.check_out(commit)
        form = "--format=%an <%ae>%n%ct%n%B"
        author, when, message = (self._git("show", "-s", form, commit) or "").split("\n", 2)
        return {"author": author, "date": when, "message": message.strip()}

    def _git(self, *arguments: str) -> str | None:
        if self._path is None or not self._path.is_dir():
            raise RepoError(f"failed to list refs: repository not found: {self._url}")
        command = ["git", "-C", str(self._path), *arguments]
        done = subprocess.run(
            command, env=_ENVIRONMENT, capture_output=True, timeout=30, check=False
        )
        return done.stdout.decode(errors="replace") if done.returncode == 0 else None
