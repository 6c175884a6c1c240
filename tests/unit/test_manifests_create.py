"""A missing key is added in the form of its mapping, and nothing else changes.

« » stand for what is added, so that the expected bytes come from the case itself.
"""

import json

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.manifests.editor import NotEditable
from tests.unit.manifests_editing import edit

NEXT = '«\n  tag: "1.10"»'

BLOCK = {
    "last key": f"image:\n  repository: r{NEXT}\nb: 1\n",
    "comment on the last line": f"image:\n  repository: r # c{NEXT}\nb: 1\n",
    "comments and blanks below": f"image:\n  repository: r{NEXT}\n\n  # c\n# d\n\nb: 1\n",
    "end of the file": f"image:\n  repository: r{NEXT}\n",
    "G25 no line end": f"image:\n  repository: r{NEXT}",
    "G25 no line end, comment": f"image:\n  repository: r # c{NEXT}",
    "G24 byte order mark": f"\ufeffimage:\n  repository: r{NEXT}\n",
    "document end": f"---\nimage:\n  repository: r{NEXT}\n...\n",
    "quoted values": f"image:\n  repository: 'it''s # no comment'{NEXT}\nb: 1\n",
    "quoted value over lines": f"image:\n  a: 'x\n    # y'  # c{NEXT}\nb: 1\n",
    "plain value over lines": f"image:\n  a: x\n    y z{NEXT}\n\nb: 1\n",
    "empty value": f"image:\n  a:{NEXT}\nb: 1\n",
    "empty value and comments": f"image:\n  a:  # c{NEXT}\n  # d\n\nb: 1\n",
    "empty value at the end": f"image:\n  a:{NEXT}",
    "alias": f"x: &x 1\nimage:\n  a: *x  # c{NEXT}\n  # d\nb: 1\n",
    "alias of a block": f"x: &x\n  y: 1\nimage:\n  a: *x{NEXT}\nb: 1\n",
    "alias in a list": f"image:\n  a:\n    - &x 1\n    - 2\n    - *x{NEXT}\nb: 1\n",
    "merge key": f"x: &x {{tag: 1}}\nimage:\n  <<: *x{NEXT}\nb: 1\n",
    "nested block": f"image:\n  a:\n    b:\n      - c: 1\n        d: 2 # e{NEXT}\n\n# f\nz: 1\n",
    "list not indented": f"image:\n  a:\n  - 1\n  - 2{NEXT}\nb: 1\n",
    "list with an empty item": f"image:\n  a:\n  -{NEXT}\nb: 1\n",
    "flow": f"image:\n  a: {{x: 1,\n      y: 2}}{NEXT}\nb: 1\n",
    "G20 literal": f"image:\n  a: |\n    x\n    # y{NEXT}\n\nb: 1\n",
    "G20 stripped": f"image:\n  a: |-\n    x{NEXT}\n\n\nb: 1\n",
    "G20 folded at the end": f"image:\n  a: >\n    x{NEXT}\n",
    "G21 trailing spaces": f"image:   \n  a: 1   {NEXT}\n   \nb: 1\n",
    "G28 other letters": f"título: 🚢\nimage:\n  é: '😀'{NEXT}\n",
}


def exact(marked: str, key: str = "image.tag") -> bytes:
    before, rest = marked.split("«")
    added, after = rest.split("»")
    edited = edit((before + after).encode(), key, create=True)
    assert edited.decode() == before + added + after
    assert edit(edited, key, create=True) == edited  # applied twice is applied once
    return edited


@pytest.mark.parametrize("marked", BLOCK.values(), ids=BLOCK.keys())
def test_G01_a_key_is_added_behind_the_last_one(marked: str) -> None:
    assert yaml.safe_load(exact(marked))["image"]["tag"] == "1.10"


@pytest.mark.parametrize("marked", BLOCK.values(), ids=BLOCK.keys())
def test_G23_a_key_is_added_with_the_line_ends_of_the_file(marked: str) -> None:
    if "\n" in marked.split("«", maxsplit=1)[0]:
        exact(marked.replace("\n", "\r\n"))


def test_a_block_that_keeps_its_empty_lines_stays_as_it_is() -> None:
    exact('image:\n  a: |+\n    x\n\n«  tag: "1.10"\n»b: 1\n')
    exact('image:\n  a: |2+\n    x\n\n«  tag: "1.10"\n»')


FLOW = {
    "flow": 'image: {a: 1«, tag: "1.10"»}\n',
    "spaces": 'image: { a: 1«, tag: "1.10"» }\n',
    "trailing comma": 'image: {a: 1,« tag: "1.10"»}\n',
    "empty": 'image: {«tag: "1.10"»}\n',
    "empty with a comment": 'image: {«tag: "1.10"»} # c\nb: 1\n',
    "empty with a blank": 'image: { «tag: "1.10" »}\n',
    "over lines": 'image: {\n  a: 1«,\n  tag: "1.10"»\n}\n',
    "over lines, comma": 'image: {\n  a: 1,«\n  tag: "1.10"»\n}\n',
    "nested": 'image: {a: {b: [1, 2]}«, tag: "1.10"»}\n',
    "no value": 'image: {a«, tag: "1.10"»}\n',
    "alias": 'x: &x 1\nimage: {a: *x «, tag: "1.10"»}\n'.replace("x «", "x«"),
    "quoted keys": 'image: {"a": 1«, "tag": "1.10"»}\n',
    "comment": 'image: {a: 1«, tag: "1.10"» # c\n  }\n',
    "CRLF": 'image: {\r\n  a: 1«,\r\n  tag: "1.10"»\r\n}\r\n',
}


@pytest.mark.parametrize("marked", FLOW.values(), ids=FLOW.keys())
def test_G26_a_key_is_added_to_a_flow_mapping(marked: str) -> None:
    assert yaml.safe_load(exact(marked))["image"]["tag"] == "1.10"


@pytest.mark.parametrize(
    "marked",
    [
        '{"image": {"a": 1«, "tag": "1.10"»}}',
        '{"image": {«"tag": "1.10"»}, "b": 2}',
        '{\n\t"image": {\n\t\t"a": [1]«,\n\t\t"tag": "1.10"»\n\t}\n}\n',
    ],
)
def test_G26_a_key_is_added_to_JSON(marked: str) -> None:
    assert json.loads(exact(marked))["image"]["tag"] == "1.10"


KUSTOMIZATION = """\
images:
  - name: ghcr.io/x/y
    newName: z«
    newTag: "1.10"»
  # another
  - name: other
"""


@pytest.mark.parametrize(
    "marked", [KUSTOMIZATION, 'images:\n- name: ghcr.io/x/y«\n  newTag: "1.10"»\n- name: a\n']
)
def test_a_kustomization_s_image_gets_its_newTag(marked: str) -> None:
    edited = exact(marked, "images[name=ghcr.io/x/y].newTag")
    assert yaml.safe_load(edited)["images"][0]["newTag"] == "1.10"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ('"a.b"', b'"a.b": "1.10"'),
        ("on", b'"on": "1.10"'),
        ("1", b'"1": "1.10"'),
        ('"é # x"', '"é # x": "1.10"'.encode()),
        ('"a\\\\\\"b"', b'"a\\\\\\"b": "1.10"'),
        ("newTag", b'newTag: "1.10"'),
    ],
)
def test_a_key_is_quoted_where_it_has_to_be(key: str, line: bytes) -> None:
    assert edit(b"a: 1\n", key, create=True) == b"a: 1\n" + line + b"\n"


def test_a_key_that_is_there_is_changed_in_place() -> None:
    source = b"image:\n  tag: 1.0.0 # c\n  a: 1\n"
    assert edit(source, create=True) == edit(source)


def test_a_key_is_added_to_the_selected_document_only() -> None:
    source = b"kind: A\nimage: {}\n---\nkind: B\nimage:\n  a: 1\n---\nkind: C\nimage: {}\n"
    edited = edit(source, document={"kind": "B"}, create=True)
    assert edited == source.replace(b"  a: 1\n", b'  a: 1\n  tag: "1.10"\n')


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("other: 1\n", "no key 'image'"),  # only the last key is added
        ("image:\n", "'image' is empty"),
        ("image: ~\n", "'image' is empty"),
        ("image: x\n", "'image' is a value, not a mapping"),
        ("image: [a]\n", "'image' is a list"),
        ("image: |\n  a: 1\n", "block of text"),
        ("image: &i\n  a: 1\nb: *i\n", "anchored"),
        ("image:\n  tag: {a: 1}\n", "is a mapping"),
        ("image:\n  tag: 1\n  tag: 2\n", "duplicate key"),
        ("", "0 documents"),
        ("image:\n  ? a\n  : 1\n", "no place for one key more"),
        ("image:\n  a: |+\n    x", "would change more than the value"),
    ],
)
def test_G39_a_key_that_cannot_be_added_is_refused(text: str, reason: str) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(text.encode(), create=True)
    assert reason in refused.value.message
    assert refused.value.hint
