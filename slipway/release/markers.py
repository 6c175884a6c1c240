"""The version in a file of any kind, on lines that release-please's markers point out. Pure.

A line that carries `x-release-please-version` has its first version replaced, as has each line
between `x-release-please-start-version` and `x-release-please-end`; with `major`, `minor` or
`patch` instead, it is the first number. Markers for dates are left alone: a plan has no date.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from slipway.errors import InvalidInput

_SCOPE = rb"(version|major|minor|patch)"
_INLINE = re.compile(rb"x-release-please-" + _SCOPE)
_START = re.compile(rb"x-release-please-start-" + _SCOPE)
_END = b"x-release-please-end"
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_VERSION = re.compile(
    rb"[0-9]+\.[0-9]+\.[0-9]+(?:-(?:[0-9A-Za-z-]+\.[0-9]+(?![0-9A-Za-z.])|[0-9A-Za-z_.]+))?"
    rb"(?:\+[0-9A-Za-z_.-]+)?"
)
_NUMBER = re.compile(rb"\b[0-9]+\b")
_PATTERNS = {
    "version": _VERSION,
    "major": re.compile(rb"[0-9]+\b"),  # also that of v1
    "minor": _NUMBER,
    "patch": _NUMBER,
}


class _Marked(NamedTuple):
    """One text that a marker points out."""

    scope: str
    start: int
    end: int


def version_marked(source: bytes, file: str) -> str:
    """The first marked version of a file. Raises InvalidInput when there is none."""
    for found in _found(source):
        if found.scope == "version":
            return source[found.start : found.end].decode()
    raise _without(file)


def marked(source: bytes, file: str, version: str) -> bytes:
    """The file with `version` in every marked place. Raises InvalidInput when there is none."""
    numbers = version.partition("-")[0].split(".")
    texts = dict(zip(("major", "minor", "patch"), numbers, strict=True)) | {"version": version}
    parts, last = [], 0
    for found in _found(source):
        parts += [source[last : found.start], texts[found.scope].encode()]
        last = found.end
    if not parts:
        raise _without(file)
    return b"".join([*parts, source[last:]])


def _without(file: str) -> InvalidInput:
    return InvalidInput(
        f"release.stamp: {file} has no version on a line with the marker x-release-please-version",
        "add the marker in a comment behind the version, or remove the file from release.stamp",
    )


def _found(source: bytes) -> Iterator[_Marked]:
    block, start = "", 0
    for line in _LINE.findall(source):
        inline = _INLINE.search(line)
        scope = inline[1].decode() if inline else block
        match = _PATTERNS[scope].search(line) if scope else None
        if match:
            yield _Marked(scope, start + match.start(), start + match.end())
        if not inline:
            opened = None if block else _START.search(line)
            block = opened[1].decode() if opened else "" if _END in line else block
        start += len(line)
