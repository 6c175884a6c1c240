"""The rule for the next version: order, lines of maintenance branches, pre-releases, Release-As."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import Conflict
from slipway.release.rule import (
    Line,
    asked,
    base_and_level,
    check_line,
    is_numbered,
    numbered,
)
from slipway.release.versions import Intent, Level, Version, of_tag, tag_of

SHA = "c" * 40
# The order that SemVer 2.0.0 gives as its example, and what is near it.
ORDER = [
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-beta.x",
    "1.0.0-rc.1",
    "1.0.0-rc.1.0",
    "1.0.0",
    "1.0.1-rc.1",
    "1.0.1",
    "1.1.0",
    "1.10.0",
    "2.0.0-a-b.1",
    "2.0.0",
]
numbers = st.integers(0, 10**8)
cores = st.builds(Version, numbers, numbers, numbers)
pres = st.sampled_from(["", "rc.1", "rc.2", "beta.1", "1", "rc.10"])
versions = st.builds(Version, st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), pres)


def version(text: str) -> Version:
    parsed = Version.parsed(text)
    assert parsed
    assert str(parsed) == text
    return parsed


def test_versions_compare_as_semver_says() -> None:
    known = [version(text) for text in ORDER]
    for (low, first), (high, second) in itertools.combinations(enumerate(known), 2):
        assert low < high
        assert first < second
    assert sorted(set(known)) == known


@given(versions, versions, versions)
def test_the_order_is_total(one: Version, two: Version, three: Version) -> None:
    assert (one < two) + (two < one) + (one == two) == 1
    if one <= two <= three:
        assert one <= three


@given(versions)
def test_a_version_survives_its_tag(any_version: Version) -> None:
    assert of_tag(tag_of(any_version, "shop-v{version}"), "shop-v{version}") == any_version


@pytest.mark.parametrize(
    "text",
    ["1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0-rc..1", "1.0.0-rc_1", "1.0.0+b",
     "1.0.0-rc.1+b", " 1.0.0", "1.0.0\n", "v1.0.0", "1.0.\u0662", "1.0.0-\u00e9", "9" * 10 + ".0.0"],
)  # fmt: skip
def test_anything_else_is_no_version(text: str) -> None:
    assert Version.parsed(text) is None


@pytest.mark.parametrize(
    ("branch", "inside", "outside"),
    [
        ("1.x", ["1.0.0", "1.99.0", "1.4.0-rc.1"], ["0.9.0", "2.0.0", "2.0.0-rc.1"]),
        ("1.2.x", ["1.2.0", "1.2.9"], ["1.1.9", "1.3.0", "2.2.0", "1.3.0-rc.1"]),
        ("0.x", ["0.1.0"], ["1.0.0"]),
    ],
)
def test_a_maintenance_branch_keeps_its_line(
    branch: str, inside: list[str], outside: list[str]
) -> None:
    for text in inside:
        check_line(branch, version(text))
    for text in outside:
        with pytest.raises(Conflict, match=f"{text} does not belong to branch {branch}"):
            check_line(branch, version(text))


@pytest.mark.parametrize("branch", ["main", "x", "1.2", "1.2.3.x", "v1.x", "release/1.x", "01.x"])
def test_other_branches_release_anything(branch: str) -> None:
    assert Line.of(branch) is None
    check_line(branch, Version(7, 0, 0))


@pytest.mark.parametrize(
    ("core", "existing", "expected"),
    [
        ("1.2.0", [], "1.2.0-rc.1"),
        ("1.2.0", ["1.2.0-rc.1", "1.2.0-rc.9", "1.2.0-rc.10"], "1.2.0-rc.11"),
        ("1.2.0", ["1.1.0-rc.4", "1.2.0-beta.7", "1.2.0-rc", "1.2.0-rc.x"], "1.2.0-rc.1"),
        ("1.2.0", ["1.2.0-rc.2.1"], "1.2.0-rc.1"),
    ],
)
def test_pre_releases_are_numbered_from_the_tags(
    core: str, existing: list[str], expected: str
) -> None:
    assert str(numbered(version(core), "rc", map(version, existing))) == expected


@given(cores, st.lists(versions))
def test_a_new_pre_release_is_new_and_leads_to_its_version(
    core: Version, existing: list[Version]
) -> None:
    made = numbered(core, "rc", existing)
    assert made not in existing
    assert made < core == made.core
    assert is_numbered(made, "rc")


@pytest.mark.parametrize(
    ("latest", "stamped", "expected"),
    [
        (None, "0.2.0-rc.1", ("0.2.0", Level.NONE)),
        (None, "2.0.0-rc.1", ("1.0.0", Level.NONE)),
        ("0.1.0", "0.2.0-rc.1", ("0.1.0", Level.MINOR)),
        ("1.1.0", "1.2.0-rc.3", ("1.1.0", Level.MAJOR)),
    ],
)
def test_a_stamped_pre_release_is_not_raised_again(
    latest: str | None, stamped: str, expected: tuple[str, Level]
) -> None:
    base, level = base_and_level(latest and version(latest), version(stamped), Level.MAJOR)
    assert (str(base), level) == expected


def wish(text: str) -> Intent:
    return Intent(SHA, "chore", Level.NONE, release_as=text)


def test_the_newest_release_as_has_the_word() -> None:
    none = Intent(SHA, "feat", Level.MINOR)
    assert asked([none, none]) is None
    assert asked([none, wish("3.0.0"), wish("2.0.0")]) == Version(3, 0, 0)
    assert asked([wish("v3.0.0-rc.1")]) == Version(3, 0, 0, "rc.1")


@pytest.mark.parametrize("text", ["next", "3.0", "3.0.0+b1", "3.0.0 please", "\u0663.0.0"])
def test_a_release_as_that_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(Conflict, match=f"{SHA} asks for 'Release-As: ") as caught:
        asked([wish(text), wish("2.0.0")])
    assert "newest one counts" in caught.value.hint
