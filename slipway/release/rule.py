"""The rule for the next version. Pure.

- Types of commit raise the version as the service file says; a breaking change asks for a major
  one. Below 1.0.0 it raises the minor number: 0.x never becomes 1.0.0 by itself. To leave 0.x, set
  the version in the first stamped file to 1.0.0 on the branch, or commit a `Release-As: 1.0.0`.
- Without any tag the first release is 1.0.0; if the first stamped file says 0.x, that is raised.
- A pre-release leads to the version that all commits since the newest full release ask for, and
  counts up from 1. A service that makes none does not look at the tags of pre-releases, except
  where the first stamped file carries one.
- A maintenance branch, `1.x` or `1.2.x`, releases versions of its line alone.
- The newest commit with a footer `Release-As` has the word.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Self

from slipway.errors import Conflict
from slipway.release.versions import Intent, Level, Version

FIRST = Version(1, 0, 0)
_MAINTENANCE = re.compile(r"(0|[1-9][0-9]{0,8})\.(?:(0|[1-9][0-9]{0,8})\.)?x")


class Line(NamedTuple):
    """The versions a maintenance branch releases, from `first` up to but not including `end`."""

    first: Version
    end: Version

    @classmethod
    def of(cls, branch: str) -> Self | None:
        """The line of a branch named like `1.x` or `1.2.x`; None for any other."""
        match = _MAINTENANCE.fullmatch(branch)
        if not match:
            return None
        major = int(match[1])
        if match[2] is None:
            return cls(Version(major, 0, 0), Version(major + 1, 0, 0))
        minor = int(match[2])
        return cls(Version(major, minor, 0), Version(major, minor + 1, 0))

    def holds(self, version: Version) -> bool:
        """Whether the version is one of the line; a pre-release is where its full version is."""
        return self.first <= version.core < self.end


def base_and_level(
    latest: Version | None, stamped: Version | None, level: Level
) -> tuple[Version, Level]:
    """The full version to raise and by how much.

    `latest` was the last full release, `stamped` stands in the first stamped file. Level NONE means
    that the version itself is the next one.
    """
    if latest is None:
        if stamped is None or stamped.major > 0:
            return FIRST, Level.NONE
        if stamped.pre:  # it was computed from the commits, of which there were no tags
            return stamped.core, Level.NONE
    base = latest or stamped or FIRST
    return base, min(level, Level.MINOR) if base.major == 0 else level


def numbered(core: Version, identifier: str, existing: Iterable[Version]) -> Version:
    """The next pre-release of that identifier on the way to `core`."""
    numbers = [
        int(version.pre.removeprefix(f"{identifier}."))
        for version in existing
        if version.core == core and is_numbered(version, identifier)
    ]
    return replace(core, pre=f"{identifier}.{max(numbers, default=0) + 1}")


def is_numbered(version: Version, identifier: str | None) -> bool:
    """Whether the version is a pre-release as `numbered` makes them."""
    name, _, number = version.pre.rpartition(".")
    return name == identifier and number.isdigit()


def asked(changes: Iterable[Intent]) -> Version | None:
    """The version the newest footer Release-As asks for; `changes` come newest first.

    Raises Conflict when it is no version.
    """
    change = next((change for change in changes if change.release_as), None)
    if change is None:
        return None
    version = Version.parsed(change.release_as.removeprefix("v"))
    if version is None:
        raise Conflict(
            f"{change.sha} asks for 'Release-As: {change.release_as[:100]}', which is no version",
            "push a commit with the footer 'Release-As: X.Y.Z'; the newest one counts",
        )
    return version


def check_line(branch: str, version: Version) -> None:
    """Raise Conflict when a maintenance branch would release a version of another line."""
    line = Line.of(branch)
    if line and not line.holds(version):
        raise Conflict(
            f"{version} does not belong to branch {branch}, which releases from {line.first} up to,"
            f" but not including, {line.end}",
            "release the change from another branch, and revert it in this one",
        )
