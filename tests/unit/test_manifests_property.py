"""Random documents. The generator knows where the value is, so it needs no parser to judge."""

import time

import yaml  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import Final
from slipway.manifests.editor import NotEditable
from slipway.manifests.keypath import parse
from tests.unit.manifests_editing import DIGEST, NEW, edit


def test_G33_aliases_that_expand_hugely_cost_nothing() -> None:
    bomb = ["a0: &a0 [x, x]"]
    bomb += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    source = ("\n".join(bomb) + "\nimage:\n  tag: 1\n").encode()
    assert edit(source) == source.replace(b"tag: 1", b'tag: "1.10"')


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


@settings(max_examples=60, deadline=None)
@given(document=documents(TIDY), value=VALUES)
def test_G45_G46_a_key_is_added_exactly_once(
    document: tuple[str, str, str, str], value: str
) -> None:
    before, token, after, key = document
    source = before + token + after
    *way, last = parse(key)
    created = "".join(f".{_quoted(step)}" for step in (*way, f"{last}-new")).removeprefix(".")
    try:
        edited = edit(source.encode(), created, value, create=True).decode()
    except NotEditable:
        return
    old, new = (yaml.load(text, yaml.BaseLoader) for text in (source, edited))
    mapping = new
    for step in way:
        mapping = mapping[step]
    assert mapping.pop(f"{last}-new") == value
    assert new == old
    added = [line for line in edited.splitlines() if line not in source.splitlines()]
    assert len(edited.splitlines()) == len(source.splitlines()) + 1
    assert len(added) == 1


def _quoted(step: object) -> str:
    return f'"{step}"'


@settings(max_examples=60, deadline=None)
@given(
    document=documents(MESSY),
    others=st.tuples(
        st.sampled_from(["", "kind: A\n---\n", "--- # c\n- x\n---\n"]),
        st.sampled_from(["\n---\nkind: A", "\n...\n---\n{kind: A}\n", "\n---\n"]),
    ),
    value=VALUES,
)
def test_G46_one_of_several_documents_is_edited_exactly_or_refused(
    document: tuple[str, str, str, str], others: tuple[str, str], value: str
) -> None:
    before, token, after, key = document
    mark = "\ufeff" if before.startswith("\ufeff") else ""
    before = f"{mark}{others[0]}chosen: here\n{before.removeprefix(mark)}"
    after += others[1]
    try:
        edited = edit((before + token + after).encode(), key, value, document={"chosen": "here"})
    except NotEditable:
        return
    assert edited.decode() == _expected(before, token, after, value)


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
