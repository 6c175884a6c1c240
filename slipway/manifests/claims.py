"""Which version and digest the files of an environment ask for. Pure.

What a file asks for is only a claim: whether it runs is another question.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from slipway.manifests.editor import NotEditable, get_scalar
from slipway.manifests.globs import matches
from slipway.service import Environment, Update

PLACEHOLDER = re.compile(r"\{(version|digest)\}")
_SHAPES = {"version": r"(?P<version{0}>\S+?)", "digest": r"(?P<digest{0}>sha256:[0-9a-f]{{64}})"}


class Claim(NamedTuple):
    """What every file says; empty where nothing or not one thing is said."""

    version: str
    digest: str


def claimed(environment: Environment, contents: Mapping[str, bytes | None]) -> Claim:
    """The version and the digest that all updates agree on, read where they would be written."""
    said: dict[str, set[str]] = {"version": set(), "digest": set()}
    for update in environment.updates:
        for file, source in contents.items():
            if source is not None and matches(update.file, file):
                for word, value in words_in(update.value, _value(source, update, file)).items():
                    said[word].add(value)
    version, digest = (
        values.pop() if len(values) == 1 else "" for values in (said["version"], said["digest"])
    )
    return Claim(version, digest)


def words_in(template: str, value: str) -> dict[str, str]:
    """What stands in a value where the template has `{version}` and `{digest}`.

    Empty when the value is of another shape, or says two things for one word.
    """
    parts = PLACEHOLDER.split(template)  # text and names of placeholders, in turn
    pattern = "".join(
        _SHAPES[part].format(at) if at % 2 else re.escape(part) for at, part in enumerate(parts)
    )
    found = re.fullmatch(pattern, value)
    words: dict[str, str] = {}
    for name, text in found.groupdict().items() if found else ():
        if words.setdefault(name.rstrip("0123456789"), text) != text:
            return {}
    return words


def _value(source: bytes, update: Update, file: str) -> str:
    try:
        return get_scalar(source, update.key, file=file, document=update.document)
    except NotEditable:
        return ""
