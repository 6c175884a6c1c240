"""Versions as SemVer 2 orders them, the tags that name them, and what a commit asks for. Pure.

Build metadata is not a version here: its tags are ignored.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import total_ordering
from typing import NamedTuple, Self

_NUMBER = r"(?:0|[1-9][0-9]{0,8})"
_PART = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PART}(?:\.{_PART})*))?")


class Level(IntEnum):
    """How much of the version a change asks to raise."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@total_ordering
@dataclass(frozen=True)
class Version:
    """A SemVer version; it compares as SemVer says."""

    major: int
    minor: int
    patch: int
    pre: str = ""  # "rc.1": comes before the version without it

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}" + (f"-{self.pre}" if self.pre else "")

    def __lt__(self, other: "Version") -> bool:
        return self._rank < other._rank

    @property
    def _rank(self) -> tuple[object, ...]:
        # Numbers by value and before words; fewer parts before more; any before none.
        parts = self.pre.split(".") if self.pre else []
        ranks = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]
        return self.major, self.minor, self.patch, not self.pre, ranks

    @property
    def core(self) -> "Version":
        """The version that a pre-release leads to; a full one is its own."""
        return replace(self, pre="")

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """The version `text` is, or None when it is anything else."""
        match = _VERSION.fullmatch(text)
        return cls(int(match[1]), int(match[2]), int(match[3]), match[4] or "") if match else None


class Intent(NamedTuple):
    """What one commit means for the version. Its texts are untrusted."""

    sha: str  # 40 hex
    kind: str  # "feat", "fix", …; "other" where the message has no conventional type
    level: Level
    scope: str = ""
    summary: str = ""  # one line
    pull: str = ""  # "#12", where the subject ends with it
    breaking: tuple[str, ...] = ()  # one line each
    release_as: str = ""  # the version a footer Release-As asks for, as it is written


def tag_of(version: Version | str, tag_format: str) -> str:
    """Name of the tag of a version; `tag_format` contains `{version}` once, at its end."""
    return tag_format.replace("{version}", str(version))


def of_tag(tag: str, tag_format: str) -> Version | None:
    """The version a tag names, or None for a tag of something else."""
    prefix = tag_format.removesuffix("{version}")
    return Version.parsed(tag.removeprefix(prefix)) if tag.startswith(prefix) else None


def why_nothing(changes: Iterable[Intent], since: str | None) -> str:
    """One sentence for people: why these changes ask for no release."""
    kinds = Counter(change.kind for change in changes)
    place = f" since {since}" if since else ""
    if not kinds:
        return f"no commit{place}"
    count = f"{kinds.total()} commit{'s' if kinds.total() > 1 else ''}"
    return f"no commit{place} asks for a release ({count}: {', '.join(sorted(kinds))})"
