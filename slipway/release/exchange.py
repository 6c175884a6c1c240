"""Changes one text in JSON or TOML and keeps every other byte. Pure.

No writer takes part: the new text is put in at each place where the old one stands, until a reader
finds it under its key and nothing else changed.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from slipway.errors import InvalidInput

Tree = dict[str, Any]
Key = tuple[str, ...]

_BOM = b"\xef\xbb\xbf"
_TRIES = 100  # places at which it is tried whether the old text stands under the key


def as_json(source: bytes, file: str) -> Tree:
    """The object that the file holds. Raises InvalidInput, also for a version that is there twice.

    Of a key that is there twice readers see one, and not all of them the same.
    """

    def once(pairs: list[tuple[str, Any]]) -> Tree:
        if sum(key == "version" for key, _ in pairs) > 1:
            raise InvalidInput(f"{file}: version is there twice", "remove one of them")
        return dict(pairs)

    try:
        data = json.loads(source.removeprefix(_BOM), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not JSON: {error}", "correct the file") from None
    if not isinstance(data, dict):
        raise InvalidInput(f"{file} is not an object", "correct the file")
    return data


def as_toml(source: bytes, file: str) -> Tree:
    """What the file holds. Raises InvalidInput."""
    try:
        return tomllib.loads(source.removeprefix(_BOM).decode())
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not TOML: {error}", "correct the file") from None


def at(data: Tree, key: Key) -> Any:
    """What stands under the key; None when there is nothing."""
    found: Any = data
    for step in key:
        found = found.get(step) if isinstance(found, dict) else None
    return found


def held(data: Tree, key: Key, file: str) -> str:
    """The text under the key. Raises InvalidInput when there is none."""
    found = at(data, key)
    if isinstance(found, str) and found:
        return found
    raise InvalidInput(
        f"{file}: {_named(key)} is {'not there' if found is None else 'not a text'}",
        'write it as "1.0.0", or remove the file from release.stamp',
    )


def exchanged(
    source: bytes, key: Key, text: str, file: str, read: Callable[[bytes, str], Tree]
) -> bytes:
    """The file with `text` under the key, which holds a text already. Raises InvalidInput."""
    wanted = read(source, file)
    old = held(wanted, key, file)
    if old == text:
        return source
    at(wanted, key[:-1])[key[-1]] = text
    for start in _places(source, old.encode()):
        written = source[:start] + text.encode() + source[start + len(old.encode()) :]
        if _reads_as(written, wanted, file, read):
            return written
    raise InvalidInput(
        f"{file}: {_named(key)} could not be told from other text",
        f"write its value as plain text in quotes: it is {old[:100]!r}",
    )


def _named(key: Key) -> str:
    return ".".join(step or '""' for step in key)


def _places(source: bytes, old: bytes) -> Iterator[int]:
    start = -1
    for _ in range(_TRIES):
        start = source.find(old, start + 1)
        if start < 0:
            return
        yield start


def _reads_as(written: bytes, wanted: Tree, file: str, read: Callable[[bytes, str], Tree]) -> bool:
    try:
        return read(written, file) == wanted
    except InvalidInput:
        return False
