"""Stamping: the version goes where the file holds it, and every other byte stays."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import Final, InvalidInput
from slipway.release.stamps import stamped, version_in
from slipway.release.versions import Version

DATA = Path(__file__).parent.parent / "data"
NEW = Version(9, 2, 0, "rc.1")
LOCK = b"""{
  "name": "shop",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "packages": {
    "": {
      "name": "shop",
      "version": "1.0.0",
      "dependencies": {"left-pad": "1.0.0"}
    },
    "node_modules/left-pad": {"version": "1.0.0"},
    "node_modules/late": {"version": "1.0.0"}
  },
  "dependencies": {"left-pad": {"version": "1.0.0"}}
}
"""
PYPROJECT = b"""# version = "1.0.0"
[build-system]
requires = ["hatchling==1.0.0"]

[tool.other]
version = "1.0.0"

[project]  # of the shop
name = "shop"
description = '''
version = "1.0.0"
'''
version   =   '1.0.0'   # keep
dependencies = ["left-pad == 1.0.0"]
"""
MARKED = b"""# x-release-please-version stands behind what is raised; 1.0.0 stays here? no
VERSION = "1.0.0"  # x-release-please-version
OTHER = "1.0.0"
URL = "https://x/v1.0.0/1.0.0"  # x-release-please-version
MAJOR = "v1"  # x-release-please-major
PATCH = 0  # x-release-please-patch
# x-release-please-start-version
a = 1.0.0-rc.1+b.7
b = "1.0.0"
# 1.0.0 x-release-please-end
c = "1.0.0"
# x-release-please-start-minor
d = 0
# x-release-please-end
"""
FILES = {
    "package.json": (DATA / "package.json").read_bytes(),
    "web/package-lock.json": LOCK,
    "charts/shop/Chart.yaml": (DATA / "Chart.yaml").read_bytes(),
    "pyproject.toml": PYPROJECT,
    "version.txt": b"1.0.0\n",
    "docs/VERSION": b"v1.0.0",
    "src/shop.py": MARKED,
}


def changed(before: bytes, after: bytes) -> list[tuple[bytes, bytes]]:
    """Lines that differ; the number of lines is the same."""
    pairs = zip(before.splitlines(True), after.splitlines(True), strict=True)
    return [(old, new) for old, new in pairs if old != new]


@pytest.mark.parametrize("file", FILES)
def test_what_is_stamped_is_read_back_and_stays(file: str) -> None:
    once = stamped(FILES[file], file, NEW)
    assert version_in(once, file) == "9.2.0-rc.1"
    assert stamped(once, file, NEW) == once
    assert version_in(stamped(once, file, Version(10, 0, 0)), file) == "10.0.0"


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("form", ["crlf", "bom", "no last line end", "tabs"])
def test_line_ends_marks_and_indentation_stay(file: str, form: str) -> None:
    source = FILES[file]
    if form == "crlf":
        source = source.replace(b"\n", b"\r\n")
    elif form == "bom":
        source = b"\xef\xbb\xbf" + source
    elif form == "tabs" and file.endswith(".json"):
        source = source.replace(b"  ", b"\t")
    else:
        source = source.removesuffix(b"\n")
    after = stamped(source, file, Version(9, 2, 0))
    assert changed(source, after)
    assert all(
        b"9.2.0" in new or b"MAJOR" in old or b"d = " in old for old, new in changed(source, after)
    )
    assert after.count(b"\r\n") == source.count(b"\r\n")
    assert after.endswith(b"\n") == source.endswith(b"\n")
    assert after.startswith(b"\xef\xbb\xbf") == source.startswith(b"\xef\xbb\xbf")


def test_R14_only_the_top_level_version_of_a_package_changes() -> None:
    source = b'{"a": {"version": "1.0.0"}, "version": "1.0.0", "dependencies": {"x": "1.0.0"}}'
    after = stamped(source, "package.json", Version(1, 1, 0))
    assert after == source.replace(b'}, "version": "1.0.0"', b'}, "version": "1.1.0"')


def test_a_lock_file_names_its_package_twice() -> None:
    after = stamped(LOCK, "package-lock.json", Version(1, 1, 0))
    data = json.loads(after)
    assert (data["version"], data["packages"][""]["version"]) == ("1.1.0", "1.1.0")
    assert after.count(b"1.1.0") == 2
    old = b'{"version": "1.0.0", "lockfileVersion": 1, "dependencies": {}}'
    assert stamped(old, "package-lock.json", Version(1, 1, 0)) == old.replace(b"1.0.0", b"1.1.0")


def test_R15_a_chart_has_two_keys_and_nothing_else_changes() -> None:
    source = FILES["charts/shop/Chart.yaml"]
    lines = changed(source, stamped(source, "Chart.yaml", Version(6, 1, 0)))
    assert [new for _, new in lines] == [b'version: "6.1.0"\n', b'appVersion: "6.1.0"\n']


def test_a_project_keeps_everything_but_its_version() -> None:
    after = stamped(PYPROJECT, "pyproject.toml", Version(1, 1, 0))
    assert changed(PYPROJECT, after) == [
        (b"version   =   '1.0.0'   # keep\n", b"version   =   '1.1.0'   # keep\n")
    ]
    data = tomllib.loads(after.decode())
    assert data["tool"]["other"]["version"] == "1.0.0"


@pytest.mark.parametrize(
    "source",
    [
        b'[tool.poetry]\nname = "shop"\nversion = "1.0.0"\n',
        b'[project]\ndynamic = ["version"]\n[tool.poetry]\nversion = "1.0.0"\n',
        b'tool = {poetry = {version = "1.0.0"}}\n',
        b'tool.poetry.version = """1.0.0"""\n',
    ],
)
def test_a_poetry_project_is_stamped(source: bytes) -> None:
    after = stamped(source, "pyproject.toml", Version(1, 1, 0))
    assert after == source.replace(b"1.0.0", b"1.1.0")


def test_markers_point_out_what_changes() -> None:
    after = stamped(MARKED, "src/shop.py", Version(2, 1, 3))
    assert after == (
        b"# x-release-please-version stands behind what is raised; 2.1.3 stays here? no\n"
        b'VERSION = "2.1.3"  # x-release-please-version\n'
        b'OTHER = "1.0.0"\n'
        b'URL = "https://x/v2.1.3/1.0.0"  # x-release-please-version\n'
        b'MAJOR = "v2"  # x-release-please-major\n'
        b"PATCH = 3  # x-release-please-patch\n"
        b"# x-release-please-start-version\n"
        b"a = 2.1.3\n"
        b'b = "2.1.3"\n'
        b"# 2.1.3 x-release-please-end\n"
        b'c = "1.0.0"\n'
        b"# x-release-please-start-minor\n"
        b"d = 1\n"
        b"# x-release-please-end\n"
    )


def test_a_marked_pre_release_is_replaced_whole() -> None:
    line = b"image: shop:1.0.0-a-b.12 # x-release-please-version\n"
    after = stamped(line, "deploy.yaml", Version(1, 0, 0))
    assert after == line.replace(b"-a-b.12", b"")


@pytest.mark.parametrize(
    ("file", "source", "words"),
    [
        ("package.json", b"{}", "package.json: version is not there"),
        ("package.json", b'{"version": 1}', "package.json: version is not a text"),
        ("package.json", b'{"version": ""}', "package.json: version is not a text"),
        ("package.json", b'{"version": "1.0.0", "version": "1.0.0"}', "version is there twice"),
        ("package.json", b"[]", "package.json is not an object"),
        ("package.json", b"{", "package.json is not JSON"),
        ("package.json", b"[" * 100_000, "package.json is not JSON"),
        ("package.json", b'{"version": "1.0.0\\u0030"}', "could not be told from other text"),
        ("package.json", b"\xff{}", "package.json is not JSON"),
        ("package-lock.json", b'{"version": "1.0.0", "packages": {"": {}}}', 'packages."".version'),
        ("Chart.yaml", b"name: shop\n", "Chart.yaml.*version"),
        ("Chart.yaml", b"version: 1.0.0\n", "Chart.yaml.*appVersion"),
        ("Chart.yaml", b"version: 1.0.0\nversion: 1.0.0\nappVersion: 1\n", "Chart.yaml.*version"),
        ("pyproject.toml", b"[project]\n", "pyproject.toml has no project.version"),
        ("pyproject.toml", b'[project]\ndynamic = ["version"]\n', "project.version is dynamic"),
        ("pyproject.toml", b'[project]\nversion = "1"\nversion = "1"\n', "is not TOML"),
        ("pyproject.toml", b"project = 1\n", "pyproject.toml has no project.version"),
        ("version.txt", b"", "version.txt holds something else"),
        ("VERSION", b"1.0.0 and more", "VERSION holds something else"),
        ("VERSION", b"latest\n", "VERSION holds something else"),
        ("setup.cfg", b"version = 1.0.0\n", "setup.cfg has no version.*x-release-please-version"),
        ("setup.cfg", b"version # x-release-please-version\n", "setup.cfg has no version"),
        ("setup.cfg", b"2026-01-12 # x-release-please-date\n", "setup.cfg has no version"),
    ],
)  # fmt: skip
def test_what_cannot_be_stamped_is_refused_with_its_name(
    file: str, source: bytes, words: str
) -> None:
    with pytest.raises(Final, match=words) as caught:
        stamped(source, file, NEW)
    assert caught.value.hint


@given(st.binary(), st.sampled_from(sorted(FILES)))
def test_foreign_bytes_are_stamped_or_refused(source: bytes, file: str) -> None:
    try:
        after = stamped(source, file, NEW)
    except Final:
        return
    assert version_in(after, file)


names = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\0\x85"), max_size=8)
leaves = st.one_of(st.just("1.0.0"), st.integers(), st.booleans(), st.none(), names)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)


@given(st.dictionaries(names, trees, max_size=4), st.dictionaries(names, trees, max_size=4))
def test_R14_any_package_keeps_everything_but_its_version(
    before: dict[str, object], after: dict[str, object]
) -> None:
    data = {**before, "version": "1.0.0", **{k: v for k, v in after.items() if k != "version"}}
    for options in ({}, {"indent": 2}, {"indent": "\t"}, {"ensure_ascii": False}):
        source = json.dumps(data, **options).encode()
        if source.count(b'"version"') > 1:
            return
        written = stamped(source, "package.json", Version(1, 1, 0))
        assert json.loads(written) == {**data, "version": "1.1.0"}
        assert len(written) == len(source)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20)), st.text(max_size=20))
def test_lines_without_a_marker_stay(lines: list[str], last: str) -> None:
    text = "\n".join([*lines, "v = '1.0.0' # x-release-please-version", last])
    source = text.encode("utf-8", "ignore")
    written = stamped(source, "any.py", Version(1, 1, 0))
    old, new = b"v = '1.0.0' #", b"v = '1.1.0' #"
    assert written == source.replace(old, new)


def test_a_version_that_is_no_text_is_not_invented() -> None:
    with pytest.raises(InvalidInput, match="version is not there"):
        version_in(b'{"versions": "1.0.0"}', "package.json")
