"""Keys: how they are written, what they select, and what is proposed for one that is not there."""

import pytest

from slipway.errors import InvalidInput
from slipway.manifests.editor import NotEditable, set_scalar
from slipway.manifests.keypath import Match, longer, parse
from tests.unit.manifests_editing import APPLICATION, CHART, edit


def test_G02_G31_an_item_is_selected_by_its_property() -> None:
    once = edit(APPLICATION, f"{CHART}.targetRevision", "2.0.0")
    twice = edit(once, f"{CHART}.helm.valuesObject.image.tag", "2.0.0")
    assert twice == APPLICATION.replace(
        b"targetRevision: 1.0.0", b'targetRevision: "2.0.0"'
    ).replace(b"            tag: 1.0.0", b'            tag: "2.0.0"')


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("spec.sources[1].targetRevision", 15),
        ("spec.sources[ref=values].targetRevision", 15),
        ('spec.sources["ref"=values]', None),
        ('metadata.annotations."example.com/version"', 5),
        (r"metadata.annotations.example\.com/version", 5),
    ],
)
def test_keys_name_items_and_dots(key: str, line: int | None) -> None:
    if line is None:
        with pytest.raises(InvalidInput):
            set_scalar(APPLICATION, key, "2", file="a.yaml")
        return
    edited = set_scalar(APPLICATION, key, "2", file="a.yaml")
    assert edited.line == line
    changed = [
        number
        for number, (a, b) in enumerate(
            zip(APPLICATION.splitlines(), edited.text.splitlines(), strict=True), start=1
        )
        if a != b
    ]
    assert changed == [line]


def test_G37_a_top_level_list_has_no_keys() -> None:
    with pytest.raises(NotEditable, match="list"):
        edit(b"- a\n", "a")
    assert edit(b"- a\n- b\n", "[1]") == b'- a\n- "1.10"\n'


def test_G39_the_nearest_key_is_proposed() -> None:
    with pytest.raises(NotEditable) as refused:
        edit(b"image:\n  tga: 1\n  repository: x\n")
    assert refused.value.hint == "did you mean 'image.tga'?"
    with pytest.raises(NotEditable) as refused:
        edit(b"image:\n  one: 1\n  two: x\n")
    assert refused.value.hint == "there is 'one', 'two'"


@pytest.mark.parametrize(
    ("selector", "reason"),
    [("[n=z]", "no item"), ("[n=x]", "2 items"), ("[7]", "3 items, none at [7]")],
)
def test_G44_exactly_one_item_must_match(selector: str, reason: str) -> None:
    source = b"a:\n- {n: x, t: 1}\n- {n: y, t: 1}\n- {n: x, t: 1}\n"
    with pytest.raises(NotEditable) as refused:
        edit(source, f"a{selector}.t")
    assert reason in refused.value.message
    assert edit(source, "a[n=y].t") == source.replace(b"y, t: 1", b'y, t: "1.10"')


@pytest.mark.parametrize(
    "key", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a]b", 'a."b', "a\\", "a[0]b"]
)
def test_malformed_keys_are_invalid_input(key: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        edit(b"a: {b: 1}", key)


def test_the_grammar_of_keys() -> None:
    assert parse("a.b[0].c") == ("a", "b", 0, "c")
    assert parse('s[u=https://x.y/z][0]."d.e".f\\.g') == (
        "s", Match("u", "https://x.y/z"), 0, "d.e", "f.g",
    )  # fmt: skip
    assert parse('s[u="a]b"].t') == ("s", Match("u", "a]b"), "t")


@pytest.mark.parametrize(
    ("text", "key", "proposed"),
    [
        ("books:\n  image:\n    tag: 1\n", "image.tag", "books.image.tag"),
        ("a:\n  b:\n    image: {tag: 1}\nx:\n  image: {tag: 1}\n", "image.tag", "x.image.tag"),
        ("image:\n  tag: 1\n", "books.image.tag", "image.tag"),
        ("images:\n- {name: a, newTag: 1}\n", "images[0].newtag", "images[0].newTag"),
        ("a.b:\n  image: {tag: 1}\n", "image.tag", '"a.b".image.tag'),
        ("a: &a\n  tag: 1\nb: *a\n", "tag", "a.tag"),
    ],
)
def test_G39_the_nearest_key_of_the_whole_document_is_proposed(
    text: str, key: str, proposed: str
) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(text.encode(), key)
    assert refused.value.hint == f"did you mean '{proposed}'?"


def test_a_proposed_key_can_be_used() -> None:
    steps = ("a.b", 0, Match("u", "x"), 'q"\\', "c", "")
    key = ""
    for step in steps[:-1]:
        key = longer(key, step)
    assert parse(key) == steps[:-1]
    assert longer("", "") == '""'
