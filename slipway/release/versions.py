"""Versions, the tags that name them, and the rule for the next one. Pure.

The rule, with the settings under which python-semantic-release and release-please agree:

- A breaking change asks for a major version, `feat` for a minor one, `fix`, `perf` and `revert`
  for a patch; everything else asks for none.
- Below 1.0.0 a breaking change raises the minor number: 0.x never becomes 1.0.0 by itself. To
  leave 0.x, set the version in the first stamped file to 1.0.0 on the branch; the next run tags it.
- Without any tag the first release is 1.0.0; if the first stamped file says 0.x, that is raised.
- Pre-releases and build metadata are not versions here: their tags are ignored.
"""

import re
from collections import Counter
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple, Self

_NUMBER = r"(0|[1-9][0-9]{0,8})"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")


class Level(IntEnum):
    """How much of the version a change asks to raise."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


class Version(NamedTuple):
    """A SemVer version of three numbers; it compares as SemVer says."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @classmethod
    def parsed(cls, text: str) -> Self | None:
        """The version `text` is, or None when it is anything else."""
        match = _VERSION.fullmatch(text)
        return cls(*map(int, match.groups())) if match else None


FIRST = Version(1, 0, 0)


class Intent(NamedTuple):
    """What one commit means for the version. Its texts are untrusted."""

    sha: str  # 40 hex
    kind: str  # "feat", "fix", …; "other" where the message has no conventional type
    level: Level
    scope: str = ""
    summary: str = ""  # one line
    pull: str = ""  # "#12", where the subject ends with it
    breaking: tuple[str, ...] = ()  # one line each


def tag_of(version: Version, tag_format: str) -> str:
    """Name of the tag of a version; `tag_format` contains `{version}` once, at its end."""
    return tag_format.replace("{version}", str(version))


def of_tag(tag: str, tag_format: str) -> Version | None:
    """The version a tag names, or None for a tag of something else."""
    prefix = tag_format.removesuffix("{version}")
    return Version.parsed(tag.removeprefix(prefix)) if tag.startswith(prefix) else None


def base_and_level(
    latest: Version | None, stamped: Version | None, level: Level
) -> tuple[Version, Level]:
    """The version to raise and by how much; the rule is in the module's docstring.

    `latest` was released last, `stamped` stands in the first stamped file. Level NONE means that
    the version itself is the next one.
    """
    if latest is None and (stamped is None or stamped.major > 0):
        return FIRST, Level.NONE
    base = latest or stamped or FIRST
    return base, min(level, Level.MINOR) if base.major == 0 else level


def why_nothing(changes: Iterable[Intent], since: str | None) -> str:
    """One sentence for people: why these changes ask for no release."""
    kinds = Counter(change.kind for change in changes)
    place = f" since {since}" if since else ""
    if not kinds:
        return f"no commit{place}"
    count = f"{kinds.total()} commit{'s' if kinds.total() > 1 else ''}"
    return f"no commit{place} asks for a release ({count}: {', '.join(sorted(kinds))})"
