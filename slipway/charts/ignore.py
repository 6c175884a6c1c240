"""Which files of a chart's folder are part of the chart: `.helmignore`, as Helm reads it. Pure.

One rule a line; the first that decides about a path decides.

    *.bak         any file or folder of that name, at any depth: a pattern without "/" is a name
    /notes.txt    at the top only
    docs/*.md     the whole path; "*" and "?" do not cross a "/", and "**" is refused
    ci/           folders only; what is below an ignored folder is ignored with it
    !templates    everything that does not fit the pattern: not the opposite of an earlier line

Whatever the file says, dot files in templates/ are left out.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from slipway.errors import InvalidInput

FILE = ".helmignore"
_ALWAYS = "templates/.?*"
_ONE = r"(?:\\.|[^\]\\-])"
_TOKEN = re.compile(
    rf"(?P<star>\*)|(?P<one>\?)|\[(?P<inverted>\^?+)(?P<set>(?:{_ONE}(?:-{_ONE})?)+)\]"
    r"|\\(?P<escaped>.)|(?P<plain>[^\[\\])"
)
_RANGE = re.compile(r"\\?(.)(?:-\\?(.))?")


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    name_only: bool
    folders_only: bool
    inverted: bool

    def fits(self, path: str, folder: bool) -> bool:
        subject = PurePosixPath(path).name if self.name_only else path
        return bool((folder or not self.folders_only) and self.pattern.fullmatch(subject))


def kept(paths: Iterable[str], rules: bytes | None) -> list[str]:
    """Those of the files that belong to the chart, sorted. `rules` is the content of FILE.

    Raises InvalidInput for a line that Helm does not read either.
    """
    lines = (rules or b"").decode(errors="replace").removeprefix("\ufeff").splitlines()
    parsed = [
        _rule(line.strip(), number)
        for number, line in enumerate([*lines, _ALWAYS], 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    return sorted(path for path in paths if not _ignored(path, parsed))


def _ignored(path: str, rules: list[_Rule]) -> bool:
    folders = [str(folder) for folder in reversed(PurePosixPath(path).parents)][1:]
    return any(_decided(folder, rules, folder=True) for folder in folders) or _decided(
        path, rules, folder=False
    )


def _decided(path: str, rules: list[_Rule], *, folder: bool) -> bool:
    return any(rule.fits(path, folder) != rule.inverted for rule in rules)


def _rule(line: str, number: int) -> _Rule:
    inverted, pattern = line.startswith("!"), line.removeprefix("!")
    folders_only, pattern = pattern.endswith("/"), pattern.removesuffix("/")
    try:
        compiled = re.compile("".join(_regular(pattern.removeprefix("/"))))
    except ValueError:
        compiled = None
    if compiled is None or "**" in line:
        raise InvalidInput(
            f"{FILE}:{number}: {line!r} is not a pattern",
            "write a name or a path with *, ? and [a-z]; '**' is not known",
        )
    return _Rule(compiled, "/" not in pattern, folders_only, inverted)


def _regular(pattern: str) -> Iterator[str]:
    """The parts of a shell's pattern as a regular expression; ValueError when it is cut off."""
    position = 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if not token:
            raise ValueError(pattern)
        if token["star"] or token["one"]:
            yield "[^/]*" if token["star"] else "[^/]"
        elif token["set"]:
            yield _set(token["set"], inverted=bool(token["inverted"]))
        else:
            yield re.escape(token["escaped"] or token["plain"])
        position = token.end()


def _set(text: str, *, inverted: bool) -> str:
    """A set of characters; a range from high to low holds none."""
    pairs = [(low, high or low) for low, high in _RANGE.findall(text)]
    ranges = [f"{re.escape(low)}-{re.escape(high)}" for low, high in pairs if low <= high]
    if not ranges:
        return "." if inverted else "(?!)"
    return f"[{'^' if inverted else ''}{''.join(ranges)}]"
