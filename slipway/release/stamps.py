"""The version in a file: read it, and write another one so that every other byte stays. Pure.

How a file holds its version follows from its name; a file of any other name has lines that carry
release-please's marker. What was written is read again before it is returned.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from slipway.errors import InvalidInput
from slipway.manifests.editor import get_scalar, set_scalar
from slipway.release.markers import marked, version_marked
from slipway.release.versions import Version

_CHART_KEYS = ("version", "appVersion")
_PLAIN = re.compile(rb"(\xef\xbb\xbf)?\s*v?(\S+)\s*")
_BOM = b"\xef\xbb\xbf"
_TRIES = 100  # places of one text at which it is tried whether the version stands there


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


# JSON and TOML: the text is put in at each place where the old version stands, until a reader
# finds it under the key, and nothing else changed.


def _read_package(source: bytes, file: str) -> str:
    return _held(_json(source, file), ("version",), file)


def _write_package(source: bytes, file: str, version: str) -> bytes:
    return _exchanged(source, ("version",), version, file, _json)


def _write_lock(source: bytes, file: str, version: str) -> bytes:
    written = _write_package(source, file, version)
    root = _json(source, file).get("packages")
    if not isinstance(root, dict) or "" not in root:
        return written  # as npm 6 wrote it
    return _exchanged(written, ("packages", "", "version"), version, file, _json)


def _read_project(source: bytes, file: str) -> str:
    data = _toml(source, file)
    return _held(data, _project_key(data, file), file)


def _write_project(source: bytes, file: str, version: str) -> bytes:
    return _exchanged(source, _project_key(_toml(source, file), file), version, file, _toml)


def _project_key(data: Mapping[str, Any], file: str) -> tuple[str, ...]:
    project = data.get("project", {})
    if "version" in project:
        return "project", "version"
    if "version" in data.get("tool", {}).get("poetry", {}):
        return "tool", "poetry", "version"
    if "version" in project.get("dynamic", ()):
        raise InvalidInput(
            f"{file}: project.version is dynamic, so it does not stand in the file",
            "write project.version down, or stamp the file that it is read from",
        )
    raise InvalidInput(f"{file} has no project.version", "add it, or stamp another file")


def _json(source: bytes, file: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if sum(key == "version" for key, _ in pairs) > 1:
            raise InvalidInput(f"{file}: version is there twice", "remove one of them")
        return dict(pairs)

    try:
        data = json.loads(source.removeprefix(_BOM), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not JSON: {error}", "correct the file") from None
    return _mapping(data, file)


def _toml(source: bytes, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(source.removeprefix(_BOM).decode())
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not TOML: {error}", "correct the file") from None


def _mapping(data: Any, file: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise InvalidInput(f"{file} is not an object", "correct the file")
    return data


def _held(data: Mapping[str, Any], key: tuple[str, ...], file: str) -> str:
    found: Any = data
    for step in key:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, str) and found:
        return found
    raise InvalidInput(
        f"{file}: {_named(key)} is {'not there' if found is None else 'not a text'}",
        'write it as "1.0.0", or remove the file from release.stamp',
    )


def _named(key: tuple[str, ...]) -> str:
    return ".".join(step or '""' for step in key)


def _exchanged(
    source: bytes,
    key: tuple[str, ...],
    version: str,
    file: str,
    read: Callable[[bytes, str], dict[str, Any]],
) -> bytes:
    wanted = read(source, file)
    old = _held(wanted, key, file)
    if old == version:
        return source
    _put(wanted, key, version)
    for start in _places(source, old.encode()):
        written = source[:start] + version.encode() + source[start + len(old.encode()) :]
        if _reads_as(written, wanted, file, read):
            return written
    raise InvalidInput(
        f"{file}: {_named(key)} could not be told from other text",
        f"write its value as plain text in quotes: it is {old[:100]!r}",
    )


def _put(data: dict[str, Any], key: tuple[str, ...], version: str) -> None:
    *way, last = key
    for step in way:
        data = data[step]
    data[last] = version


def _places(source: bytes, old: bytes) -> Iterator[int]:
    start = -1
    for _ in range(_TRIES):
        start = source.find(old, start + 1)
        if start < 0:
            return
        yield start


def _reads_as(
    written: bytes,
    wanted: dict[str, Any],
    file: str,
    read: Callable[[bytes, str], dict[str, Any]],
) -> bool:
    try:
        return read(written, file) == wanted
    except InvalidInput:
        return False


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
