"""Versions, what commits ask for, stamped files and changelog sections: pure rules."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.clients.semantic import bumped, intents
from slipway.manifests.editor import set_scalar
from slipway.release.changelog import LIMIT, Links, escaped, section, shortened, with_section
from slipway.release.rule import base_and_level
from slipway.release.versions import (
    Intent,
    Level,
    Version,
    of_tag,
    tag_of,
    why_nothing,
)
from slipway.service import Bumps, ReleaseRules

DATA = Path(__file__).parent.parent / "data"
SHA = "c" * 40
LINKS = Links.of("https://github.com/acme/shop.git")
DATE = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
versions = st.builds(Version, *[st.integers(0, 10**6)] * 3)
levels = st.sampled_from([Level.PATCH, Level.MINOR, Level.MAJOR])


def level(message: str) -> Level:
    return max(intent.level for intent in intents(message, SHA, Bumps()))


def intent(message: str) -> Intent:
    (only,) = intents(message, SHA, Bumps())
    return only


@given(versions)
def test_a_version_survives_its_tag(version: Version) -> None:
    assert of_tag(tag_of(version, "shop-v{version}"), "shop-v{version}") == version


@given(versions, levels)
def test_the_next_version_is_always_higher(version: Version, asked: Level) -> None:
    assert bumped(*base_and_level(version, None, asked)) > version


@given(versions, versions)
def test_versions_compare_by_number(one: Version, other: Version) -> None:
    numbers = [(each.major, each.minor, each.patch) for each in (one, other)]
    assert (one > other) == (numbers[0] > numbers[1])
    assert Version(1, 10, 0) > Version(1, 9, 9)


@pytest.mark.parametrize(
    "tag",
    [
        "v1.0.0-",
        "v1.0.0-rc.01",
        "v1.0.0-rc..1",
        "v1.0.0+b1",
        "v01.0.0",
        "v1.0",
        "x1.0.0",
        "v1.1\u0662.0",
    ],
)
def test_other_tags_are_no_versions(tag: str) -> None:
    assert of_tag(tag, "v{version}") is None


def test_R02_chart_tags_are_not_the_services() -> None:
    assert of_tag("helm-v1.0.0", "v{version}") is None


def test_R03_bullets_in_a_squash_body_do_not_count() -> None:
    body = "fix: raise lodash\n\nBumps lodash.\n\n- feat!: drop everything\n* feat: more\n"
    assert level(body) is Level.PATCH


@pytest.mark.parametrize("kind", ["fix", "perf", "revert", "fix(api)"])
def test_R04_patch(kind: str) -> None:
    assert level(f"{kind}: a thing") is Level.PATCH


@pytest.mark.parametrize("kind", ["chore", "docs", "ci", "style", "refactor", "test", "build"])
def test_R04_no_release(kind: str) -> None:
    assert level(f"{kind}: a thing") is Level.NONE
    assert level(f"{kind}: a thing\n\nno breaking change: nothing\n") is Level.NONE


@pytest.mark.parametrize(
    "message",
    [
        "feat!: a thing",
        "chore!: a thing",
        "fix(api)!: a thing",
        "feat: a thing\n\nBREAKING CHANGE: no more /v1\n",
        "feat: a thing\r\n\r\nBREAKING-CHANGE: no more /v1\r\n",
    ],
)
def test_R04_major(message: str) -> None:
    assert level(message) is Level.MAJOR


@pytest.mark.parametrize("message", ["Merge branch 'x'", "a thing", "feat (a): x", ""])
def test_unconventional_messages_ask_for_nothing(message: str) -> None:
    assert intent(message) == Intent(SHA, "other", Level.NONE)


@pytest.mark.parametrize(
    ("latest", "stamped", "asked", "expected"),
    [
        (None, None, Level.PATCH, "1.0.0"),
        (None, "1.0.0", Level.MAJOR, "1.0.0"),
        (None, "0.1.0", Level.MINOR, "0.2.0"),
        (None, "0.1.0", Level.MAJOR, "0.2.0"),
        ("0.9.4", "0.9.4", Level.MAJOR, "0.10.0"),
        ("0.9.4", None, Level.PATCH, "0.9.5"),
        ("1.2.3", "0.1.0", Level.MAJOR, "2.0.0"),
    ],
)
def test_R07_the_first_version_and_0x_follow_the_stated_rule(
    latest: str | None, stamped: str | None, asked: Level, expected: str
) -> None:
    known = [Version.parsed(text) if text else None for text in (latest, stamped)]
    assert str(bumped(*base_and_level(known[0], known[1], asked))) == expected


def test_R13_an_unknown_key_is_named() -> None:
    with pytest.raises(ValidationError, match="tag_fromat"):
        ReleaseRules.model_validate({"tag_fromat": "v{version}"})


def test_R14_only_the_top_level_version_changes() -> None:
    source = (DATA / "package.json").read_bytes()
    nested = source.replace(b'"scripts": {', b'"engines": {"version": "9.1.0"},\n  "scripts": {')
    edited = set_scalar(nested, "version", "9.2.0", file="package.json").text
    before, after = nested.splitlines(), edited.splitlines()
    assert [a for a, b in zip(after, before, strict=True) if a != b] == [b'  "version": "9.2.0",']
    assert json.loads(edited)["engines"] == {"version": "9.1.0"}


def test_reason_names_the_kinds() -> None:
    changes = [intent("docs: a"), intent("chore: b")]
    assert why_nothing(changes, "v1.1.0") == (
        "no commit since v1.1.0 asks for a release (2 commits: chore, docs)"
    )
    assert why_nothing([], "v1.1.0") == "no commit since v1.1.0"
    assert why_nothing([], None) == "no commit"


def a_section(*messages: str, version: str = "1.1.0") -> str:
    parsed = Version.parsed(version)
    assert parsed
    changes = [intent(message) for message in messages]
    return section(parsed, ("v1.0.0", f"v{version}"), changes, DATE, LINKS, ReleaseRules().sections)


def test_a_section_has_release_pleases_shape() -> None:
    commit = f"([ccccccc](https://github.com/acme/shop/commit/{SHA}))"
    assert a_section("feat(api): books (#7)", "fix: typo", "docs: no", "chore!: node 22") == (
        "## [1.1.0](https://github.com/acme/shop/compare/v1.0.0...v1.1.0) (2026-01-12)\n\n\n"
        f"### ⚠ BREAKING CHANGES\n\n* node 22 {commit}\n\n\n"
        "### Features\n\n"
        f"* **api:** books ([#7](https://github.com/acme/shop/issues/7)) {commit}\n\n\n"
        f"### Bug Fixes\n\n* typo {commit}\n"
    )


def test_commit_texts_are_untrusted() -> None:
    text = a_section("fix: <img src=x> for @ana and @acme/team ![p](http://x) a@b")
    assert "<img" not in text
    assert "@ana" not in text
    assert "@acme" not in text
    assert "![" not in text
    assert "&lt;img src=x&gt;" in text


@given(st.text())
def test_escaped_text_is_one_line_without_mark_up(text: str) -> None:
    shown = escaped(text)
    assert len(shown.splitlines()) <= 1
    assert not set("<>") & set(shown)


OLD = b"# Changelog\n\n## [1.0.0](https://x/compare) (2026-01-01)\n\n\n### Features\n\n* a\n"
FILES = [
    b"",
    b"# Changelog\n",
    b"# Changelog\n\nAll notable changes.\n\n## [Unreleased]\n",
    OLD,
    OLD.replace(b"\n", b"\r\n"),
    b"\xef\xbb\xbf" + OLD,
    b"no title, no line end",
    b"Our changes\n===========\n\nBy hand.\n\n## Unreleased\n\n- soon\n\n" + OLD[13:],
    b"# Changelog\n\n# [1.0.0](https://x/compare)\n\n* a\n",
]


@pytest.mark.parametrize("file", FILES)
def test_R16_the_section_goes_in_once_and_older_bytes_stay(file: bytes) -> None:
    text = a_section("feat: b")
    version = Version(1, 1, 0)
    once = with_section(file, version, text)
    assert with_section(once, version, text) == once
    added = text.encode().replace(b"\n", b"\r\n") if b"\r\n" in file else text.encode()
    before, _, after = once.partition(added)
    assert (before + after).replace(b"\r", b"").split() == file.replace(b"\r", b"").split()
    assert file.startswith(before.rstrip(b"\r\n"))
    assert file.endswith(after.lstrip(b"\r\n"))


def test_R16_the_section_goes_above_the_older_ones() -> None:
    text = a_section("feat: b")
    assert with_section(OLD, Version(1, 1, 0), text) == OLD.replace(
        b"## [1.0.0]", text.encode() + b"\n## [1.0.0]"
    )
    assert with_section(None, Version(1, 1, 0), text) == b"# Changelog\n\n" + text.encode()


def test_R16_what_is_written_by_hand_stays_where_it_is() -> None:
    head = b"# Changelog\n\nBy hand.\n\n## [Unreleased]\n\n- soon\n\n"
    rest = b"## 1.0.0\n\n- by hand, too\n\n[Unreleased]: https://x/compare\n"
    text = a_section("feat: b")
    once = with_section(head + rest, Version(1, 1, 0), text)
    assert once == head + text.encode() + b"\n" + rest
    second = a_section("fix: c", version="1.1.1")
    twice = with_section(once, Version(1, 1, 1), second)
    assert twice == head + second.encode() + b"\n" + once[len(head) :]


def test_R16_a_version_that_ends_the_file_is_there() -> None:
    assert with_section(b"# Changelog\n\n## 1.1.0", Version(1, 1, 0), "x") == (
        b"# Changelog\n\n## 1.1.0"
    )
    added = with_section(b"## 1.1.0-rc.1\n", Version(1, 1, 0), "## 1.1.0\n")
    assert added == b"## 1.1.0\n\n## 1.1.0-rc.1\n"


def test_entries_are_sorted_by_scope_and_text() -> None:
    text = a_section("feat: zeta", "feat(b): second", "feat: Alpha", "feat(a): first")
    assert [line.split(" ([")[0] for line in text.splitlines() if line.startswith("*")] == [
        "* **a:** first", "* Alpha", "* **b:** second", "* zeta",
    ]  # fmt: skip


def test_R16_a_version_that_another_begins_with_is_another() -> None:
    file = with_section(None, Version(1, 1, 10), a_section("feat: b", version="1.1.10"))
    assert b"## [1.1.1]" in with_section(
        file, Version(1, 1, 1), a_section("fix: c", version="1.1.1")
    )


def test_R17_long_notes_are_cut_after_an_entry() -> None:
    notes = a_section(*[f"fix: number {n} {'x' * 200}" for n in range(1000)])
    cut = shortened(notes, "https://github.com/acme/shop/compare/v1.0.0...v1.1.0", LIMIT)
    assert len(notes) > 125_000 >= len(cut)
    kept, _, tail = cut.partition("\n… ")
    assert notes.startswith(kept)
    assert kept.endswith("))\n")
    assert "https://github.com/acme/shop/compare/v1.0.0...v1.1.0" in tail
    assert shortened("short\n", "x", LIMIT) == "short\n"
