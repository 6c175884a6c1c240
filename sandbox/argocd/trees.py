"""What a source holds at one revision: the files of a commit or of a chart."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.rendering.repository import Repository


class Tree(Protocol):
    """Files by path."""

    def check_out(self) -> None:
        """Raise RepoError unless the revision is there."""

    def read(self, path: str) -> str | None:
        """The text of a file, or None when there is none."""

    def files(self, folder: str) -> list[str]:
        """The paths of all files below a folder, sorted; empty when there is none."""


@dataclass(frozen=True)
class GitTree:
    """One commit."""

    repository: Repository
    commit: str

    def check_out(self) -> None:
        self.repository.check_out(self.commit)

    def read(self, path: str) -> str | None:
        return self.repository.read(self.commit, path)

    def files(self, folder: str) -> list[str]:
        return self.repository.files(self.commit, folder)


@dataclass(frozen=True)
class ChartTree:
    """One packaged chart."""

    content: Mapping[str, str]

    def check_out(self) -> None:
        """It is there once it was pulled."""

    def read(self, path: str) -> str | None:
        return self.content.get(path)

    def files(self, folder: str) -> list[str]:
        start = "" if folder in ("", ".") else f"{posixpath.normpath(folder)}/"
        return sorted(path for path in self.content if path.startswith(start))
