"""The version in a file: read it, and write another one so that every other byte stays. Pure.

How a file holds its version follows from its name; a file of any other name has lines that carry
release-please's marker. What was written is read again before it is returned.
"""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import NamedTuple

from slipway.errors import InvalidInput
from slipway.manifests.editor import get_scalar, set_scalar
from slipway.release.exchange import Key, Tree, as_json, as_toml, at, exchanged, held
from slipway.release.markers import marked, version_marked
from slipway.release.versions import Version

_CHART_KEYS = ("version", "appVersion")
_PROJECT_KEYS = (("project", "version"), ("tool", "poetry", "version"))
_PLAIN = re.compile(rb"(\xef\xbb\xbf)?\s*v?(\S+)\s*")


class _Form(NamedTuple):
    """How files of one name hold their version."""

    read: Callable[[bytes, str], str]
    write: Callable[[bytes, str, str], bytes]


def version_in(source: bytes, file: str) -> str:
    """The version that a file holds, as it is written there; `file` is its path.

    Raises InvalidInput and NotEditable when there is none.
    """
    return _form(file).read(source, file)


def stamped(source: bytes, file: str, version: Version) -> bytes:
    """The file with that version in every place of its form, and every other byte kept.

    Raises InvalidInput and NotEditable, naming the file and what it lacks.
    """
    return _form(file).write(source, file, str(version))


def _form(file: str) -> _Form:
    return _FORMS.get(PurePosixPath(file).name, _MARKED)


# Chart.yaml


def _read_chart(source: bytes, file: str) -> str:
    return get_scalar(source, _CHART_KEYS[0], file=file)


def _write_chart(source: bytes, file: str, version: str) -> bytes:
    for key in _CHART_KEYS:
        source = set_scalar(source, key, version, file=file).text
    return source


# package.json, package-lock.json, pyproject.toml


def _read_package(source: bytes, file: str) -> str:
    return held(as_json(source, file), ("version",), file)


def _write_package(source: bytes, file: str, version: str) -> bytes:
    return exchanged(source, ("version",), version, file, as_json)


def _write_lock(source: bytes, file: str, version: str) -> bytes:
    written = _write_package(source, file, version)
    if at(as_json(source, file), ("packages", "")) is None:
        return written  # as npm 6 wrote it
    return exchanged(written, ("packages", "", "version"), version, file, as_json)


def _read_project(source: bytes, file: str) -> str:
    data = as_toml(source, file)
    return held(data, _project_key(data, file), file)


def _write_project(source: bytes, file: str, version: str) -> bytes:
    return exchanged(source, _project_key(as_toml(source, file), file), version, file, as_toml)


def _project_key(data: Tree, file: str) -> Key:
    for key in _PROJECT_KEYS:
        if at(data, key) is not None:
            return key
    if at(data, ("project", "dynamic")):
        raise InvalidInput(
            f"{file}: project.version is dynamic, so it does not stand in the file",
            "write project.version down, or stamp the file that it is read from",
        )
    raise InvalidInput(f"{file} has no project.version", "add it, or stamp another file")


# version.txt


def _read_plain(source: bytes, file: str) -> str:
    match = _PLAIN.fullmatch(source)
    version = match and Version.parsed(match[2].decode("ascii", "replace"))
    if not version:
        raise InvalidInput(
            f"{file} holds something else than a version",
            "its whole content has to be a version such as 1.0.0",
        )
    return str(version)


def _write_plain(source: bytes, file: str, version: str) -> bytes:
    return source.replace(_read_plain(source, file).encode(), version.encode())


_MARKED = _Form(version_marked, marked)
_TEXT = _Form(_read_plain, _write_plain)
_FORMS = {
    "package.json": _Form(_read_package, _write_package),
    "package-lock.json": _Form(_read_package, _write_lock),
    "Chart.yaml": _Form(_read_chart, _write_chart),
    "pyproject.toml": _Form(_read_project, _write_project),
    "version.txt": _TEXT,
    "VERSION": _TEXT,
}
