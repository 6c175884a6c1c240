"""One value of a manifest is changed and every other byte is kept, or the edit is refused.

The cases give the file with the value's token between « and »; so the expected bytes come from the
case itself and from no YAML library. PyYAML and json, which the editor does not use, read the
results.
"""

import json
import time
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slipway.errors import Final, InvalidInput
from slipway.manifests.editor import NotEditable, get_scalar, set_scalar
from slipway.manifests.keypath import Match, parse

NEW = "1.10"
DIGEST = "sha256:" + "0a" * 32


def edit(source: bytes, key: str = "image.tag", value: str = NEW) -> bytes:
    return set_scalar(source, key, value, file="values.yaml").text


EXACT = {
    "G13 sequences indented": "a:\n  - x\n  - y\nimage:\n  tag: «1.0.0»\n",
    "G13 sequences not indented": "a:\n- x\n- y\nimage:\n  tag: «1.0.0»\n",
    "G13 both": "a:\n- x\nb:\n    - y\nimage:\n  tag: «1.0.0»\n",
    "G14 four spaces": "image:\n    repository: r\n    tag: «1.0.0»\n",
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
    "G18 comment": "image:\n  tag: «1.0.0»        # column kept\n  b: 1\n",
    "G18 comment after quotes": "image:\n  tag: «'1.0.0'» # it's fine\n",
    "G19 long plain line": f"a: {'word ' * 40}end\nimage:\n  tag: «1»\n",
    "G19 long quoted line": f'a: "{"word " * 40}"\nimage:\n  tag: «1»\n',
    "G20 blocks": "a: >\n  folded\n  text\nb: |-\n  literal\twith tab\n\n  tag: no\nimage:\n  tag: «1»\n",
    "G21 blanks": "a: 1   \n   \nimage:   \n  tag: «1»\n  \nb: 2\n",
    "G22 document marks": "---\nimage:\n  tag: «1»\n...\n",
    "G22 directive": "%YAML 1.2\n---\nimage:\n  tag: «1»\n",
    "G23 CRLF": "# a\r\nimage:\r\n  tag: «1.0.0»\r\n  b: 1\r\n",
    "G23 CRLF with a comment": "image:\r\n  tag: «1.0.0» # c\r\n",
    "G23 CRLF and empty": "image:\r\n  tag:« »\r\n  b: 1\r\n",
    "G24 BOM": "\ufeffimage:\n  tag: «1.0.0»\n",
    "G25 no final newline": "image:\n  tag: «1.0.0»",
    "G26 flow map": 'image: {repository: a, tag: «"1.0.0"»}\n',
    "G26 flow map, odd spaces": "image: {  repository:   a ,tag:   «1.0.0»   ,  x: 1}\n",
    "G26 flow map over lines": "image: {\n  tag: «1.0.0»,\n  b: 2 }\n",
    "G26 JSON": '{"a": [1, 2], "image": {"tag": «"1.0.0"», "b": null}}',
    "G26 JSON without spaces": '{"a":[1,2],"image":{"tag":«"1.0.0"»,"b":null}}',
    "G26 JSON with tabs": '{\n\t"a": 1,\n\t"image": {\n\t\t"tag": «"1.0.0"»\n\t}\n}\n',
    "G26 JSON with escapes": '{"a":"\\ud83d\\ude00\\/","image":{"tag":«"1.0.0"»}}',
    "G27 anchor elsewhere": "a: &x {b: 1}\nc: *x\nimage:\n  tag: «1»\n",
    "G27 own key beside a merge": "d: &d {tag: 0, r: x}\nimage:\n  <<: *d\n  tag: «1»\n",
    "G28 emoji and accents before": "título: 🚢 ñandú\nimage: # 🎉\n  é: '😀'\n  tag: «1»\n",
    "G29 quoted keys": "\"image\":\n  'tag': «1»\n",
    "G30 other tags stay": "tag: 1\na:\n  tag: 1\nimage:\n  tag: «1»\nz:\n  tag: 1\n",
    "question-mark key": "? image\n: {tag: «1»}\n",
    "empty document before": "---\n---\nimage:\n  tag: «1»\n",
}


@pytest.mark.parametrize("marked", EXACT.values(), ids=EXACT.keys())
def test_G01_G03_G13_to_G30_only_the_bytes_of_the_value_change(marked: str) -> None:
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


APPLICATION = b"""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  annotations:
    example.com/version: "1.0.0"
spec:
  sources:
    - repoURL: oci://ghcr.io/acme/charts/books-api
      targetRevision: 1.0.0  # chart
      helm:
        valuesObject:
          image:
            tag: 1.0.0
    - repoURL: https://github.com/acme/gitops
      targetRevision: main
      ref: values
  literal:
    values: |
      image:
        tag: 1.0.0
"""
CHART = "spec.sources[repoURL=oci://ghcr.io/acme/charts/books-api]"


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


REFUSED = {
    "G34 anchored target": ("image:\n  tag: &t 1\nb: *t\n", "anchored", 2),
    "G34 alias as target": ("a: &t 1\nimage:\n  tag: *t\n", "anchored", 1),
    "G34 anchored parent": ("image: &i\n  tag: 1\n", "anchored", 1),
    "G34 alias as parent": ("a: &i {tag: 1}\nimage: *i\n", "anchored", 1),
    "G35 merge key only": ("a: &i {tag: 1}\nimage:\n  <<: *i\n  b: 1\n", "merge key", 3),
    "G35 merge list only": ("a: &i {tag: 1}\nimage:\n  <<: [*i]\n", "merge key", 3),
    "G36 duplicate key": ("image:\n  tag: 1\n  tag: 2\n", "duplicate", 3),
    "G36 duplicate parent": ("image:\n  tag: 1\nimage:\n  tag: 2\n", "duplicate", 3),
    "G37 two documents": ("image:\n  tag: 1\n---\nimage:\n  tag: 1\n", "2 documents", None),
    "G37 empty": ("", "0 documents", None),
    "G37 only comments": ("# nothing\n", "0 documents", None),
    "G38 literal": ("image:\n  tag: |\n    1\n", "block of text", 2),
    "G38 folded": ("image:\n  tag: >-\n    1\n", "block of text", 2),
    "G38 plain over lines": ("image:\n  tag: one\n    two\n", "spans lines", 2),
    "G38 quoted over lines": ("image:\n  tag: 'one\n    two'\n", "spans lines", 2),
    "G38 tag": ("image:\n  tag: !!str 1\n", "carries a tag", 2),
    "G38 own tag": ("image:\n  tag: !vault x\n", "carries a tag", 2),
    "G39 target is a map": ("image:\n  tag: {a: 1}\n", "is a mapping", 2),
    "G39 target is a list": ("image:\n  tag: [1]\n", "is a list", 2),
    "G39 parent is a value": ("image: x\n", "not a mapping", 1),
    "G39 parent is a list": ("image: [x]\n", "is a list", 1),
    "G39 key missing": ("image:\n  tags: 1\n", "no key 'image.tag'", 2),
    "G39 key without colon": ("image: {tag}\n", "no colon", 1),
    "G40 NUL": ("image:\n  tag: 1\n# \0\n", "NUL", 3),
    "G40 NEL": ("image:\n  tag: 1 # a\x85b\n", "U+0085", 2),
    "G41 tab as indentation": ("image:\n\ttag: 1\n", "not valid YAML", 2),
    "G41 tab before a comment": ("image:\n  tag: 1\t# c\n", "not valid YAML", 2),
    "G42 template": ("image:\n  tag: {{ .Values.tag }}\n", "is a mapping", 2),
    "G42 template line": ("{{- if x }}\nimage:\n  tag: 1\n{{- end }}\n", "not valid YAML", 1),
    "G43 inside a string": ("image: |\n  tag: 1.0.0\n", "block of text", 1),
    "unclosed": ("image: {tag: 1\n", "not valid YAML", 2),
    "unknown alias": ("image:\n  tag: *x\n", "not valid YAML", 2),
    "too deep": ("[" * 5000, "nested too deeply", None),
    "too long": ("#" * (1 << 20) + "\nimage: {tag: 1}", "longer than", None),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSED.values(), ids=REFUSED.keys())
def test_G34_to_G43_refusals_name_file_line_and_reason(
    text: str, reason: str, line: int | None
) -> None:
    with pytest.raises(NotEditable) as refused:
        edit(text.encode())
    where = f"values.yaml:{line}: image.tag: " if line else "values.yaml: image.tag: "
    assert refused.value.message.startswith(where)
    assert reason in refused.value.message
    assert refused.value.hint


def test_G37_a_top_level_list_has_no_keys() -> None:
    with pytest.raises(NotEditable, match="list"):
        edit(b"- a\n", "a")
    assert edit(b"- a\n- b\n", "[1]") == b'- a\n- "1.10"\n'


def test_G39_the_nearest_key_is_proposed() -> None:
    with pytest.raises(NotEditable) as refused:
        edit(b"image:\n  tga: 1\n  repository: x\n")
    assert refused.value.hint == "did you mean 'tga'?"
    with pytest.raises(NotEditable) as refused:
        edit(b"image:\n  one: 1\n  two: x\n")
    assert refused.value.hint == "there is 'one', 'two'"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_G40_other_encodings_are_refused_at_their_byte(encoding: str) -> None:
    with pytest.raises(NotEditable, match="not UTF-8 at byte"):
        edit("ñ: 1\nimage: {tag: 1}\n".encode(encoding))


def test_G43_the_literal_of_an_application_is_refused_with_the_way_out() -> None:
    with pytest.raises(NotEditable) as refused:
        edit(APPLICATION, "spec.literal.values.image.tag")
    assert "valuesObject" in refused.value.hint


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


def test_G33_aliases_that_expand_hugely_cost_nothing() -> None:
    bomb = ["a0: &a0 [x, x]"]
    bomb += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    source = ("\n".join(bomb) + "\nimage:\n  tag: 1\n").encode()
    assert edit(source) == source.replace(b"tag: 1", b'tag: "1.10"')


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


# Random documents. The generator knows where the value is, so it needs no parser to judge.

VALUES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True) | st.just(DIGEST)
TOKENS = st.sampled_from(
    ["1.0.0", "'1.0.0'", '"1.0.0"', "1.10", "0123", "on", "~", "1e10", "''", "v 1", "a#b", "a:b"]
)
NAMES = st.lists(
    st.sampled_from(["spec", "image", "tag", "on", "helm", "1", "app.kubernetes.io/x", "é"]),
    min_size=1,
    max_size=4,
)
TIDY = ["a{n}: 1", "b{n}: 'x'", "c{n}: {{x: 1, tag: 2}}", "# tag: 9", "l{n}: [1, tag]"]
MESSY = [
    *TIDY, "", "   ", "d{n}: x   ", "e{n}: &n{n} 1", "f{n}:\n{i}- 1\n{i}- tag: 2",
    "g{n}: |\n{i}  tag: 1\n{i}  \tx", "h{n}: >-\n{i}   a b\n\n{i}   c", "'j{n}': 2026-01-01",
    '"k{n}": "{long}"', "m{n}:   {{  tag:   1 ,  z: 2}}", "🚢{n}: ñ # 🎉", "o{n}:", "p{n}: 0x1F",
    "q{n}: !!str 1", "r{n}: ? x", "s{n}: 'it''s'", 't{n}: "\\n\\u00e9"', "u{n}: - ", "{{bad",
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, pool: list[str]) -> tuple[str, str, str, str]:
    """Text before the value, the value's token, text after it, and the key."""
    step = draw(st.sampled_from([2, 4]))
    before: list[str] = []
    after: list[str] = []
    counter = 0

    def siblings(indent: str) -> list[str]:
        nonlocal counter
        found = []
        for line in draw(st.lists(st.sampled_from(pool), max_size=3)):
            counter += 1
            text = line.format(n=f"zz{counter}", i=indent, long="word " * 30)
            found.append(indent + text if text.strip() else text)
        return found

    names, indent, key = draw(NAMES), "", ""
    for name in names[:-1]:
        before += siblings(indent)
        after = siblings(indent) + after
        before.append(f"{indent}{_yaml_key(name, draw)}:")
        key += _dotted(name, key)
        indent += " " * step
    before += siblings(indent)
    after = siblings(indent) + after
    key += _dotted(names[-1], key)
    token = draw(TOKENS)
    comment = draw(st.sampled_from(["", " # c", "    # tag: 1", "  "]))
    head = "\n".join([*before, f"{indent}{_yaml_key(names[-1], draw)}: "])
    tail = "\n".join([comment, *after]) + draw(st.sampled_from(["\n", ""]))
    eol = draw(st.sampled_from(["\n", "\r\n"])) if pool is MESSY else "\n"
    bom = draw(st.sampled_from(["", "\ufeff"])) if pool is MESSY else ""
    return bom + head.replace("\n", eol), token, tail.replace("\n", eol), key


def _yaml_key(name: str, draw: st.DrawFn) -> str:
    quote = draw(st.sampled_from(["", "'", '"']))
    return f"{quote}{name}{quote}"


def _dotted(name: str, key: str) -> str:
    return ("." if key else "") + name.replace("\\", "\\\\").replace(".", "\\.")


def _expected(before: str, token: str, after: str, value: str) -> str:
    quote = "'" if token.startswith("'") else '"'
    plain = not token.startswith(("'", '"'))
    keep = token.strip("'\"") == value and not (plain and value in ("1.10", "0123", "on", "1e10"))
    return before + (token if keep else f"{quote}{value}{quote}") + after


@settings(max_examples=60, deadline=None)
@given(document=documents(TIDY), value=VALUES)
def test_G46_tidy_documents_are_edited_exactly(
    document: tuple[str, str, str, str], value: str
) -> None:
    before, token, after, key = document
    edited = edit((before + token + after).encode(), key, value)
    assert edited.decode() == _expected(before, token, after, value)
    assert edit(edited, key, value) == edited
    assert _differs_only_at(before + token + after, edited.decode(), key, value)


@settings(max_examples=100, deadline=None)
@given(document=documents(MESSY), value=VALUES)
def test_G46_messy_documents_are_edited_exactly_or_refused(
    document: tuple[str, str, str, str], value: str
) -> None:
    before, token, after, key = document
    try:
        edited = edit((before + token + after).encode(), key, value)
    except NotEditable:
        return
    assert edited.decode() == _expected(before, token, after, value)
    assert edit(edited, key, value) == edited


def _differs_only_at(before: str, after: str, key: str, value: str) -> bool:
    """Read both texts with another library; put the value in by hand, and compare."""
    old, new = (yaml.load(text, yaml.BaseLoader) for text in (before, after))
    node = old
    *way, last = [str(step) for step in parse(key)]
    for name in way:
        node = node[name]
    node[last] = value
    return bool(old == new)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(max_examples=60, deadline=None)
@given(
    data=st.dictionaries(st.text(min_size=1, max_size=6), JSON, max_size=4),
    name=st.text(min_size=1, max_size=6),
    indent=st.sampled_from([None, 2, "\t"]),
    ascii_only=st.booleans(),
    value=VALUES,
)
def test_G26_any_JSON_object_is_edited_exactly(
    data: dict[str, Any], name: str, indent: int | str | None, ascii_only: bool, value: str
) -> None:
    marker = "@@the value@@"
    assume(marker not in json.dumps(data))
    text = json.dumps({**data, name: marker}, indent=indent, ensure_ascii=ascii_only)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    try:
        edited = edit(text.encode(), f'"{quoted}"', value).decode()
    except NotEditable:
        assert not text.isprintable() or indent is not None or not text.isascii()
        return
    assert edited == text.replace(f'"{marker}"', f'"{value}"')
    assert json.loads(edited) == {**data, name: value}


@settings(max_examples=100, deadline=None)
@given(source=st.binary(max_size=60) | st.text(alphabet="ab:{}[]-&*!|>'\"# \n\t,?~%", max_size=40))
def test_G46_any_bytes_are_edited_or_refused_and_never_crash(source: bytes | str) -> None:
    content = source if isinstance(source, bytes) else source.encode()
    try:
        edited = edit(content, "a")
    except Final:
        return
    assert yaml.safe_load(edited)["a"] == NEW


def test_G33_a_large_file_is_read_in_bounded_time() -> None:
    lines = "".join(f"k{i}:\n  image: {{tag: '{i}'}} # c\n" for i in range(600))
    began = time.monotonic()
    assert edit(lines.encode(), "k599.image.tag").count(b"1.10") == 1
    assert time.monotonic() - began < 60
