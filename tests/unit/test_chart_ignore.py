"""`.helmignore` decides as Helm does; the table is of the cases in Helm's own tests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.charts.ignore import kept
from slipway.errors import InvalidInput

PART = st.from_regex(r"[a-z.]{0,3}[a-z]", fullmatch=True)
PATH = st.lists(PART, min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("rule", "path", "ignored"),
    [
        ("helm.txt", "helm.txt", True),
        ("helm.*", "helm.txt", True),
        ("helm.*", "rudder.txt", False),
        ("*.txt", "tiller.txt", True),
        ("*.txt", "cargo/a.txt", True),
        ("cargo/*.txt", "cargo/a.txt", True),
        ("cargo/*.*", "cargo/a.txt", True),
        ("cargo/*.txt", "mast/a.txt", False),
        ("cargo/*", "cargo/deep/a.txt", True),  # by its folder
        ("*/a.txt", "cargo/deep/a.txt", False),
        ("ru[c-e]?er.txt", "rudder.txt", True),
        ("ru[^c-e]?er.txt", "rudder.txt", False),
        ("ru[e-c]der.txt", "rudder.txt", False),
        ("ru[^e-c]der.txt", "rudder.txt", True),
        (r"a[\-]b", "a-b", True),
        (r"a[\--/]b", "a.b", True),
        (r"ru\dder.txt", "rudder.txt", True),
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"[\]]", "]", True),
        (".*", ".joonix", True),
        (".*", "helm.txt", False),
        ("cargo/", "cargo/a.txt", True),
        ("cargo", "deep/cargo/a.txt", True),
        ("cargo/", "mast/a.txt", False),
        ("helm.txt/", "helm.txt", False),
        ("!helm.txt", "helm.txt", False),
        ("!helm.txt", "tiller.txt", True),
        ("!*.txt", "cargo", True),
        ("!cargo/", "mast/a.txt", True),
        ("/a.txt", "a.txt", True),
        ("/a.txt", "cargo/a.txt", False),
        ("/cargo/a.txt", "cargo/a.txt", True),
        ("# a.txt", "a.txt", False),
        ("  a.txt\t", "a.txt", True),
        ("", "a.txt", False),
        ("", "templates/.dotfile", True),
        ("", "templates/deep/.dotfile", False),
        ("", ".helmignore", False),
    ],
)
def test_rule(rule: str, path: str, ignored: bool) -> None:
    assert kept([path], f"# first\n{rule}\n".encode()) == ([] if ignored else [path])


def test_first_rule_that_decides_counts() -> None:
    paths = ["a.txt", "b.txt", "c.md"]
    assert kept(paths, b"a.txt\n!*.txt\n") == ["b.txt"]
    assert kept(paths, b"!*.txt\na.txt\n") == ["b.txt"]


@pytest.mark.parametrize(
    "line",
    ["foo/**/bar", "**", "[z-", "[", "[]", "a\\", "[-u]", "[u-]", "[a--b]", "[a-b-c]", "[^-a]"],
)
def test_line_that_helm_does_not_read_is_named(line: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.helmignore:2: .*is not a pattern"):
        kept([], f"# first\n{line}\n".encode())


@given(st.lists(PATH, unique=True), st.text(max_size=40))
def test_any_text_is_read_or_refused_and_adds_nothing(paths: list[str], text: str) -> None:
    try:
        found = kept(paths, text.encode(errors="replace"))
    except InvalidInput:
        return
    assert found == sorted(set(found) & set(paths))


@given(st.lists(PATH, unique=True, min_size=1), st.data())
def test_plain_name_ignores_it_and_what_is_below(paths: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([part for path in paths for part in path.split("/")]))
    wanted = [path for path in paths if name not in path.split("/")]
    assert set(kept(paths, name.encode())) <= set(wanted)
