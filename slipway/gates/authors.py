"""Who made the commits, and whether an approver is one of them. Pure.

Names are compared widely here: to be taken for an author by mistake costs a second approver, not to
be taken for one lets a person approve their own work.
"""

import re
from collections.abc import Iterable

from slipway.gates.people import same_person
from slipway.model import Commit
from slipway.value import Value

_TRAILER = re.compile(r"(?im)^[ \t]*co-authored-by[ \t]*:[ \t]*(\S.*?)[ \t\r]*$")
_PERSON = re.compile(r"(?P<name>[^<>]*)<(?P<mail>[^<>]*)>")
_FORGE = re.compile(r"(?:\d+\+)?(?P<login>[^+@]+)@users\.noreply\.")


class Authors(Value):
    """Everybody who made what a decision would let in."""

    names: tuple[str, ...] = ()  # "Name <mail>"
    told: bool = True  # False: it is not known since when; these are all there ever were


def coauthors(message: str) -> tuple[str, ...]:
    """What the `Co-authored-by` lines of a commit message name, wherever they stand."""
    return tuple(dict.fromkeys(_TRAILER.findall(message)))


def authors_of(commits: Iterable[Commit]) -> tuple[str, ...]:
    """Everybody who made one of the commits, alone or with others; "Name <mail>", each once."""
    named = (name for commit in commits for name in (commit.author, *commit.coauthors))
    return tuple(dict.fromkeys(named))


def as_author(approver: str, authors: Iterable[str]) -> str | None:
    """The author that this approver is, by name, address or login; None when it is none."""
    mine = _names(approver)
    return next((author for author in authors if mine & _names(author)), None)


def _names(person: str) -> set[str]:
    """All that "Name <mail>", a bare address or a bare name can be recognised by."""
    found = _PERSON.search(person)
    parts = (person, found["name"], found["mail"]) if found else (person,)
    names = {same_person(part).removeprefix("@") for part in parts}
    return {form for name in names if name for form in _forms(name)}


def _forms(name: str) -> set[str]:
    """A name as it is; an address without its `+tag` too, and one of the forge as its login."""
    local, at, host = name.rpartition("@")
    if not at:
        return {name}
    forge = _FORGE.match(name)
    return {
        name,
        f"{local.partition('+')[0] or local}@{host}",
        *([forge["login"]] if forge else []),
    }
