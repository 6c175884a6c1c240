"""Path patterns: what they select, judged by hand-written lists."""

import pytest

from slipway.manifests.globs import is_pattern, matches


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a/b.yaml", ["a/b.yaml"], ["a/b-yaml", "a/b.yaml/c", "x/a/b.yaml"]),
        ("a/*.yaml", ["a/b.yaml", "a/.yaml"], ["a/b/c.yaml", "a/b.yml", "b.yaml"]),
        ("a/v?.yaml", ["a/v1.yaml"], ["a/v.yaml", "a/v/.yaml", "a/v10.yaml"]),
        ("a/**", ["a/b", "a/b/c.yaml"], ["a", "ab/c", "b"]),
        ("**", ["a", "a/b/c"], [""]),
        ("**/x.yaml", ["x.yaml", "a/x.yaml", "a/b/x.yaml"], ["ax.yaml", "x.yaml/a"]),
        ("a/**/x.yaml", ["a/x.yaml", "a/b/c/x.yaml"], ["ab/x.yaml", "a/bx.yaml"]),
        ("a/**x", ["a/x", "a/bx"], ["a/b/x"]),
        ("apps/*/books.yaml", ["apps/staging/books.yaml"], ["apps/books.yaml", "apps/a/b/books.yaml"]),
        ("a+(b)[c].{d}/*", ["a+(b)[c].{d}/e"], ["aab[c].{d}/e"]),
    ],
)  # fmt: skip
def test_stars_stay_in_a_name_and_double_stars_cross_folders(
    pattern: str, yes: list[str], no: list[str]
) -> None:
    assert [path for path in yes + no if matches(pattern, path)] == yes


def test_what_a_pattern_is() -> None:
    assert [is_pattern(file) for file in ("a/b.yaml", "a[0].yaml", "a/*", "v?.yaml", "**")] == [
        False, False, True, True, True,
    ]  # fmt: skip
