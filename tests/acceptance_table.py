"""`python -m tests.acceptance_table`: name in docs/acceptance.md the tests that carry each number."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "acceptance.md"
_TEST = re.compile(r"^(?:async )?def test_((?:[AGSX]\d+_)+)(\w+)", re.MULTILINE)
_ROW = re.compile(r"^\| ([AGSX]\d+) \| (.*) \| (.*?) ?\|$", re.MULTILINE)


def numbered() -> dict[str, list[str]]:
    """Names of the tests by the numbers in them, as `file::what_it_shows`."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for numbers, what in _TEST.findall(path.read_text()):
            for number in re.findall(r"([AGSX])(\d+)_", numbers):
                name = f"{number[0]}{int(number[1])}"
                found[name].append(f"`{path.relative_to(ROOT / 'tests')}` {what.replace('_', ' ')}")
    return found


def filled(page: str, known: Mapping[str, Sequence[str]]) -> str:
    """The page with its last column made anew."""
    return _ROW.sub(lambda row: f"| {row[1]} | {row[2]} | {_cell(known.get(row[1], ()))}|", page)


def cases(page: str) -> list[str]:
    """The numbers of the rows."""
    return [number for number, _, _ in _ROW.findall(page)]


def _cell(names: Sequence[str]) -> str:
    return "<br>".join(names) + " " if names else " "


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(), numbered()))
