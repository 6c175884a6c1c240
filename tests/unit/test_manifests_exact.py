"""One value is changed and every other byte is kept.

The cases give the file with the value's token between « and »; so the expected bytes come from the
case itself and from no YAML library. PyYAML and json, which the editor does not use, read the
results.
"""

import json
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.errors import InvalidInput
from slipway.manifests.editor import get_scalar, set_scalar
from tests.unit.manifests_editing import DIGEST, NEW, edit


def exact(marked: str) -> None:
    """G01: nothing but the bytes between the marks differs, and the value is a string."""
    before, rest = marked.split("«")
    token, after = rest.split("»")
    quote = "'" if token.startswith("'") else '"'
    space = " " if token == " " else ""  # an empty value: nothing stands in the source
    source = before + token.strip(" ") + after
    edited = edit(source.encode())
    assert edited.decode() == f"{before}{space}{quote}{NEW}{quote}{after}"
    read = json.loads if marked.startswith('{"') or '\t"' in marked else _last_document
    assert read(edited)["image"]["tag"] == NEW  # a string, not 1.1
    assert edit(edited) == edited  # applied twice is applied once


def _last_document(content: bytes) -> Any:
    return list(yaml.safe_load_all(content))[-1]


INDENTATION = {
    "G13 sequences indented": "a:\n  - x\n  - y\nimage:\n  tag: «1.0.0»\n",
    "G13 sequences not indented": "a:\n- x\n- y\nimage:\n  tag: «1.0.0»\n",
    "G13 both": "a:\n- x\nb:\n    - y\nimage:\n  tag: «1.0.0»\n",
    "G14 four spaces": "image:\n    repository: r\n    tag: «1.0.0»\n",
}


@pytest.mark.parametrize("marked", INDENTATION.values(), ids=INDENTATION.keys())
def test_G13_G14_any_indentation(marked: str) -> None:
    exact(marked)


TOKENS = {
    "G15 single quotes": "image:\n  tag: «'1.0.0'»\n",
    "G15 double quotes": 'image:\n  tag: «"1.0.0"»\n',
    "G15 plain": "image:\n  tag: «1.0.0»\n",
    "G15 plain with blanks after": "image:\n  tag: «1.0.0»   \n",
    "G15 plain of several words": "image:\n  tag: «one two»\n",
    "G16 float": "image:\n  tag: «1.1»\n",
    "G16 octal": "image:\n  tag: «0123»\n",
    "G16 hex": "image:\n  tag: «0x1F»\n",
    "G16 bool": "image:\n  tag: «on»\n",
    "G16 exponent": "image:\n  tag: «1e10»\n",
    "G16 date": "image:\n  tag: «2026-11-23»\n",
    "G16 neighbours": "a: 1.10\nb: 0123\nc: 0xF\nd: on\ne: 1e3\nf: 2026-01-01\nimage:\n  tag: «x»\n",
    "G17 empty": "image:\n  tag:« »\n  b: 1\n",
    "G17 empty at the end": "image:\n  tag:« »",
    "G17 empty with a comment": "image:\n  tag:« » # set by the release\n",
    "G17 tilde": "image:\n  tag: «~»\n",
    "G17 empty quotes": 'image:\n  tag: «""»\n',
}


@pytest.mark.parametrize("marked", TOKENS.values(), ids=TOKENS.keys())
def test_G03_G15_G16_G17_a_value_in_any_form_becomes_a_string(marked: str) -> None:
    exact(marked)


AROUND = {
    "G18 comment": "image:\n  tag: «1.0.0»        # column kept\n  b: 1\n",
    "G18 comment after quotes": "image:\n  tag: «'1.0.0'» # it's fine\n",
    "G19 long plain line": f"a: {'word ' * 40}end\nimage:\n  tag: «1»\n",
    "G19 long quoted line": f'a: "{"word " * 40}"\nimage:\n  tag: «1»\n',
    "G19 very long lines": f"a: '{'x' * 100_000}'\nimage: {{b: {'y' * 100_000}, tag: «1»}}\n",
    "G20 blocks": "a: >\n  folded\n  text\nb: |-\n  literal\twith tab\n\n  tag: no\nimage:\n  tag: «1»\n",
    "G21 blanks": "a: 1   \n   \nimage:   \n  tag: «1»\n  \nb: 2\n",
    "G22 document marks": "---\nimage:\n  tag: «1»\n...\n",
    "G22 directive": "%YAML 1.2\n---\nimage:\n  tag: «1»\n",
}


@pytest.mark.parametrize("marked", AROUND.values(), ids=AROUND.keys())
def test_G18_G19_G20_G21_G22_what_stands_around_the_value_stays(marked: str) -> None:
    exact(marked)


BYTES = {
    "G23 CRLF": "# a\r\nimage:\r\n  tag: «1.0.0»\r\n  b: 1\r\n",
    "G23 CRLF with a comment": "image:\r\n  tag: «1.0.0» # c\r\n",
    "G23 CRLF and empty": "image:\r\n  tag:« »\r\n  b: 1\r\n",
    "G24 BOM": "\ufeffimage:\n  tag: «1.0.0»\n",
    "G25 no final newline": "image:\n  tag: «1.0.0»",
}


@pytest.mark.parametrize("marked", BYTES.values(), ids=BYTES.keys())
def test_G23_G24_G25_line_ends_and_byte_order_mark_stay(marked: str) -> None:
    exact(marked)


FLOW = {
    "G26 flow map": 'image: {repository: a, tag: «"1.0.0"»}\n',
    "G26 flow map, odd spaces": "image: {  repository:   a ,tag:   «1.0.0»   ,  x: 1}\n",
    "G26 flow map over lines": "image: {\n  tag: «1.0.0»,\n  b: 2 }\n",
    "G26 JSON": '{"a": [1, 2], "image": {"tag": «"1.0.0"», "b": null}}',
    "G26 JSON without spaces": '{"a":[1,2],"image":{"tag":«"1.0.0"»,"b":null}}',
    "G26 JSON with tabs": '{\n\t"a": 1,\n\t"image": {\n\t\t"tag": «"1.0.0"»\n\t}\n}\n',
    "G26 JSON with escapes": '{"a":"\\ud83d\\ude00\\/","image":{"tag":«"1.0.0"»}}',
}


@pytest.mark.parametrize("marked", FLOW.values(), ids=FLOW.keys())
def test_G26_flow_mappings_and_JSON(marked: str) -> None:
    exact(marked)


OTHER = {
    "G27 anchor elsewhere": "a: &x {b: 1}\nc: *x\nimage:\n  tag: «1»\n",
    "G27 own key beside a merge": "d: &d {tag: 0, r: x}\nimage:\n  <<: *d\n  tag: «1»\n",
    "G28 emoji and accents before": "título: 🚢 ñandú\nimage: # 🎉\n  é: '😀'\n  tag: «1»\n",
    "G29 quoted keys": "\"image\":\n  'tag': «1»\n",
    "G30 other tags stay": "tag: 1\na:\n  tag: 1\nimage:\n  tag: «1»\nz:\n  tag: 1\n",
    "question-mark key": "? image\n: {tag: «1»}\n",
    "empty document before": "---\n---\nimage:\n  tag: «1»\n",
}


@pytest.mark.parametrize("marked", OTHER.values(), ids=OTHER.keys())
def test_G27_G28_G29_G30_other_places_stay(marked: str) -> None:
    exact(marked)


def test_G01_a_file_with_everything_in_it() -> None:
    exact(
        "\ufeff%YAML 1.2\r\n---\r\n# tag: 0\r\ntag: &t 'x'\r\nalias: *t\r\n"
        "flow: { tag:   1 ,  b: [1,2] }\r\nimage:  # c\r\n    tag: «1.0.0»   # tag: 1\r\n"
        "    text: |\r\n      tag: 1\r\n   \r\nlast: 'no line end'"
    )


def test_G03_an_equal_value_that_reads_as_a_number_becomes_text() -> None:
    edited = set_scalar(b"image:\n  tag: 1.10\n", "image.tag", "1.10", file="v.yaml")
    assert edited.changed
    assert edited.text == b'image:\n  tag: "1.10"\n'
    assert edit(b"image:\n  tag: on\n", value="on") == b'image:\n  tag: "on"\n'


@pytest.mark.parametrize("token", ["2.0.0", "'2.0.0'", '"2.0.0"', "2.0.0 # c"])
def test_G07_an_equal_value_changes_nothing(token: str) -> None:
    source = f"image:\n  tag: {token}\n".encode()
    edited = set_scalar(source, "image.tag", "2.0.0", file="v.yaml")
    assert (edited.text, edited.changed, edited.old) == (source, False, "2.0.0")


@pytest.mark.parametrize("value", ["on", "~x", "", "a b", 'a"b', "a\nb", "-x", "x" * 129, "{{x}}"])
def test_a_value_must_be_a_tag_or_a_digest(value: str) -> None:
    if value == "on":
        assert edit(b"image: {tag: 1}", value=value) == b'image: {tag: "on"}'
        return
    with pytest.raises(InvalidInput):
        edit(b"image: {tag: 1}", value=value)
    assert edit(b"image: {tag: 1}", value=DIGEST) == f'image: {{tag: "{DIGEST}"}}'.encode()


@pytest.mark.parametrize("text", ["1.10", "on", "~", "", "'a b'", '"x"', "2026-01-01"])
def test_reading_gives_the_text(text: str) -> None:
    source = f"image:\n  tag: {text} # c\n".encode()
    assert get_scalar(source, "image.tag", file="v.yaml") == text.strip("'\"")
