"""Bare repositories on disk: made, written by plumbing, protected by real hooks. No server here."""

import fnmatch
import os
import random
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*")
_CONFIG = """[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[http]
	receivepack = true
	# Only the smart protocol, as GitHub.
	getanyfile = false
[receive]
	fsckObjects = true
	# No process outlives its request.
	autogc = false
[gc]
	auto = 0
[core]
	# Milliseconds.
	filesRefLockTimeout = 1000
"""

# Branches are refused before anything is written, so the whole push fails.
_PRE_RECEIVE = """#!/bin/sh
verdict=0
while read -r _old _new ref; do
  case "$ref" in refs/heads/*) ;; *) continue ;; esac
  while read -r pattern; do
    case "$ref" in $pattern)
      echo "error: GH006: Protected branch update failed for $ref." >&2
      echo "error: Changes must be made through a pull request." >&2
      verdict=1 ;;
    esac
  done < protected
done
exit $verdict
"""
# Tags are refused one by one: without --atomic, the other refs of the same push are written.
_UPDATE = """#!/bin/sh
case "$1" in refs/tags/*) ;; *) exit 0 ;; esac
while read -r pattern; do
  case "$1" in $pattern)
    echo "error: GH013: Repository rule violations found for $1." >&2
    echo "error: Cannot create ref due to creations being restricted." >&2
    exit 1 ;;
  esac
done < protected
"""


@dataclass(frozen=True)
class Token:
    """A credential: the repositories it can see, and whether it may write to them.

    `denies` are permissions that it lacks altogether, such as `checks`.
    """

    value: str = field(repr=False)
    repositories: tuple[str, ...]  # "owner/name"
    write: bool
    denies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A commit to be made: `files` replace or join those of the branch."""

    message: str
    files: Mapping[str, bytes]
    date: datetime
    author: str = "Mia Torres <mia@example.com>"
    tag: str = ""  # annotated tag on this commit
    light_tag: str = ""  # lightweight tag on this commit


class GitError(RuntimeError):
    """Git refused; the text is its own."""


def git_environment() -> dict[str, str]:
    """Environment of every git process: nothing of the person who runs it."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
    }


def full_ref(ref: str) -> str:
    """`main` is a branch; everything else is written in full, as `refs/tags/v*`."""
    return ref if ref.startswith("refs/") else f"refs/heads/{ref}"


class Repositories:
    """All bare repositories below one folder, by `owner/name`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def path(self, name: str) -> Path:
        """Folder of the repository, whether it exists or not."""
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a repository name: {name!r}")
        return self.root / f"{name}.git"

    def exists(self, name: str) -> bool:
        return bool(_NAME.fullmatch(name)) and (self.path(name) / "protected").is_file()

    def create(self, name: str) -> Path:
        """Make the repository with an unborn `main`; one that is there stays as it is."""
        path = self.path(name)
        if self.exists(name):
            return path
        path.mkdir(parents=True, exist_ok=True)
        self.git(
            name,
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=main",
            "--template=",
            ".",
        )
        with (path / "config").open("a") as config:
            config.write(_CONFIG)
        (path / "hooks").mkdir(exist_ok=True)
        for hook, text in (("pre-receive", _PRE_RECEIVE), ("update", _UPDATE)):
            (path / "hooks" / hook).write_text(text)
            (path / "hooks" / hook).chmod(0o755)
        (path / "protected").write_text("")  # last: its presence says the repository is complete
        return path

    def git(self, name: str, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run git in the repository and return what it printed; GitError when it refuses."""
        done = subprocess.run(
            ["git", *arguments],
            check=False,
            cwd=self.path(name),
            env=git_environment(),
            input=stdin,
            capture_output=True,
        )
        if done.returncode:
            raise GitError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout

    def commit_at(self, name: str, ref: str) -> str | None:
        """SHA of the commit a branch, tag or SHA names; None when there is none."""
        if ref.startswith("-") or ":" in ref:
            return None
        try:
            found = self.git(name, "rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")
        except GitError:
            return None
        return found.decode().strip()

    def read(self, name: str, ref: str, path: str) -> bytes:
        """Content of a file at a branch, tag or SHA; GitError when there is none."""
        return self.git(name, "cat-file", "blob", f"{ref}:{path}")

    def write(self, name: str, branch: str, drafts: list[Draft]) -> str:
        """Add commits to a branch, all or none; the new head. Protection does not apply."""
        for _attempt in range(50):
            stream = _stream(branch, drafts, self.commit_at(name, full_ref(branch)))
            try:
                self.git(name, "fast-import", "--quiet", "--done", stdin=stream)
                break
            except GitError as refusal:
                if "Not updating" not in str(refusal) and "lock" not in str(refusal):
                    raise
                time.sleep(random.uniform(0, 0.02))
        else:
            raise GitError(f"{name}: {branch} was always moved by another writer")
        return self.git(name, "rev-parse", full_ref(branch)).decode().strip()

    def protect(self, name: str, ref: str) -> None:
        """Refuse pushes to a branch, or to tags given as a pattern such as `refs/tags/v*`."""
        self._protected(name, [*self._patterns(name), full_ref(ref)])

    def unprotect(self, name: str, ref: str) -> None:
        """Allow pushes again; the ref as it was given to `protect`."""
        self._protected(name, [p for p in self._patterns(name) if p != full_ref(ref)])

    def protects(self, name: str, ref: str) -> bool:
        return any(fnmatch.fnmatchcase(ref, pattern) for pattern in self._patterns(name))

    def _patterns(self, name: str) -> list[str]:
        return (self.path(name) / "protected").read_text().split()

    def _protected(self, name: str, patterns: list[str]) -> None:
        text = "".join(f"{pattern}\n" for pattern in dict.fromkeys(patterns))
        (self.path(name) / "protected").write_text(text)


def _stream(branch: str, drafts: list[Draft], parent: str | None) -> bytes:
    """The drafts as input of `git fast-import`, which moves every ref at its end."""
    parts: list[bytes] = []
    for mark, draft in enumerate(drafts, start=1):
        when = f"{int(draft.date.timestamp())} +0000"
        author = f"{draft.author} {when}"
        parts.append(f"commit {full_ref(branch)}\nmark :{mark}\n".encode())
        parts.append(f"author {author}\ncommitter {author}\n".encode())
        parts.append(_data(draft.message.encode()))
        if parent:
            parts.append(f"from {parent}\n".encode())
        for path, content in sorted(draft.files.items()):
            if "\n" in path or path.startswith(('"', "/")) or ".." in path.split("/"):
                raise ValueError(f"not a path in a repository: {path!r}")
            parts.append(f"M 100644 inline {path}\n".encode() + _data(content))
        parent = f":{mark}"
    for mark, draft in enumerate(drafts, start=1):
        if draft.tag:
            tagger = f"tagger {draft.author} {int(draft.date.timestamp())} +0000\n"
            head = f"tag {draft.tag}\nfrom :{mark}\n{tagger}"
            parts.append(head.encode() + _data(draft.tag.encode() + b"\n"))
        if draft.light_tag:
            parts.append(f"reset refs/tags/{draft.light_tag}\nfrom :{mark}\n\n".encode())
    return b"".join([*parts, b"done\n"])


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"
