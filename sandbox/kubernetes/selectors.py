"""Label and field selectors."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.kubernetes.errors import StatusError
from sandbox.kubernetes.kind import Object

Test = Callable[[Object], bool]
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")
_FIELDS = {
    "pods": ("status.phase", "spec.nodeName"),
    "events": ("involvedObject.", "reason", "type"),
}


def selected(labels: str, fields: str, plural: str) -> Test:
    """Whether an object is meant by both selectors; raises StatusError 400."""
    tests = [_label(each) for each in _split(labels)]
    tests += [_field(each, plural) for each in fields.split(",") if each]
    return lambda found: all(test(found) for test in tests)


def _split(text: str) -> list[str]:
    """At the commas outside of parentheses."""
    parts = re.split(r",(?![^()]*\))", text)
    return [part.strip() for part in parts if part.strip()]


def _label(text: str) -> Test:
    def value(found: Object, name: str) -> str | None:
        return (found["metadata"].get("labels") or {}).get(name.strip())

    if several := _SET.fullmatch(text):
        name, word, listed = several.groups()
        values = {each.strip() for each in listed.split(",")}
        return lambda found: (value(found, name) in values) == (word == "in")
    if "=" in text:
        name, equal, wanted = _comparison(text)
        return lambda found: (value(found, name) == wanted) == equal
    if text.startswith("!"):
        return lambda found: value(found, text[1:]) is None
    return lambda found: value(found, text) is not None


def _field(text: str, plural: str) -> Test:
    name, equal, wanted = _comparison(text)
    known = ("metadata.name", "metadata.namespace", *_FIELDS.get(plural, ()))
    if not any(name == each or (each.endswith(".") and name.startswith(each)) for each in known):
        raise StatusError(400, f"field label not supported: {name}")
    return lambda found: (_at(found, name) == wanted) == equal


def _comparison(text: str) -> tuple[str, bool, str]:
    parts = re.fullmatch(r"([^=!]*)(!=|==|=)(.*)", text)
    if parts is None:
        raise StatusError(400, f"unable to parse requirement: {text}")
    return parts[1].strip(), parts[2] != "!=", parts[3].strip()


def _at(found: Any, name: str) -> str:
    for part in name.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    return str(found)
