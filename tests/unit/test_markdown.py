"""Foreign text stays text: checked with a real Markdown parser."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from slipway.markdown import code, duration, escape, fence, link, moment, safe_url, table
from slipway.text import printable

QUICK = settings(max_examples=60, deadline=None)
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "[ref]: https://evil.example",
    "a | b || c",
    "`code` ``more`` ```\nfence",
    "{{ x }} {% raw %} $(id) `id` ; rm -rf / %s",
    "line\r\nApproved-By: mallory",
    "\x1b[31mred\x1b[0m \u202eabc \u200b",
    "::error::oops",
    "@everyone @acme/admins me@example.com",
    "https://evil.example www.evil.example mailto:me@evil.example",
    "# title",
    "- item",
    "1. first",
    "1) first",
    "+ plus",
    "===",
    "---",
    "    indented",
    "*a* _b_ ~~c~~ **d**",
    "&lt;b&gt; &amp; &#60;",
    "back\\slash \\| \\`",
    '" : #',
]
TEXT = st.one_of(
    st.text(), st.sampled_from(PAYLOADS), st.text(alphabet="<>[]()|`\\*_~#-+=.!&;@:/w1a \n\t")
)


def tokens(markdown: str) -> list[Token]:
    """All tokens, those inside paragraphs included."""
    flat = PARSER.parse(markdown)
    return [inner for token in flat for inner in (token, *(token.children or []))]


def words(markdown: str) -> str:
    return "".join(t.content for t in tokens(markdown) if t.type in ("text", "text_special"))


@QUICK
@given(TEXT)
@example("1.")
@example("-")
@example("\\")
@example("a\\|b")
def test_X33_escaped_text_is_one_paragraph_of_plain_text(text: str) -> None:
    markdown = escape(text)
    kinds = {token.type for token in tokens(markdown)}
    assert kinds <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    assert "<" not in markdown
    assert words(markdown).replace("\u200b", "") == printable(text, 500)


def test_X33_a_megabyte_of_one_character_is_cut() -> None:
    for long in ("x" * 1_000_000, "<" * 1_000_000, "`" * 1_000_000):
        assert len(escape(long)) < 5_000
        assert len(code(long)) < 5_000
        assert len(fence(long)) < 61_000  # the block and its two fences


@QUICK
@given(TEXT)
def test_X33_escaped_text_holds_no_word_that_links_itself(text: str) -> None:
    markdown = escape(text)
    for sign in ("://", "www.", "WWW."):
        assert sign not in markdown
    assert not any(a == "@" and (b.isalnum() or b == "_") for a, b in pairwise(markdown))


@QUICK
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4))
def test_X33_a_table_keeps_its_shape(rows: list[tuple[str, str, str]]) -> None:
    cells = [(escape(a), code(b), link(c, f"https://host.example/{c}")) for a, b, c in rows]
    markdown = table(("A", "B", "C"), cells)
    assert len(markdown.splitlines()) == 2 + len(rows)
    found = tokens(markdown)
    assert sum(token.type == "tr_open" for token in found) == 1 + len(rows)
    assert sum(token.type == "td_open" for token in found) == 3 * len(rows)
    assert not any("html" in token.type or token.type == "image" for token in found)


@QUICK
@given(TEXT)
def test_X33_a_fence_holds_its_text(text: str) -> None:
    parsed = PARSER.parse(fence(text, "diff", limit=2_000_000))
    assert [token.type for token in parsed] == ["fence"]
    assert parsed[0].info == "diff"
    assert all(c.isprintable() or c in "\n\t" for c in parsed[0].content)


@QUICK
@given(st.text(alphabet="`~ab+- \n\t|<>", max_size=60))
def test_a_fence_shows_printable_text_exactly(text: str) -> None:
    assert PARSER.parse(fence(text))[0].content == text.rstrip("\n") + "\n"


def test_X33_a_fence_shows_what_is_invisible() -> None:
    assert "a\\u202eb\\r\\x1b" in fence("a\u202eb\r\x1b")


def test_a_fence_says_how_much_is_missing() -> None:
    assert fence("x" * 30, limit=10).endswith("**20 more characters are not shown.**")


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x"),
        *("file:///etc/passwd", "//evil.example", "/path", "", "https://", "http:evil.example"),
        *("https://github.com@evil.example/", "https://me:pw@host.example/", "ftp://h.example/"),
        *("https://a b.example/", "https://host.example\\@evil.example", "https://[::1/"),
        *("java\nscript:alert(1)", "https://h.example/\u202e", "\x01https://h.example/"),
    ],
)
def test_X33_only_plain_http_and_https_are_linked(url: str) -> None:
    assert safe_url(url) is None
    markdown = link("text", url)
    assert not any(token.type == "link_open" for token in tokens(markdown))


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://host.example/a?b=c&copy=d#e", "https://host.example/a?b=c&copy=d#e"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
        ("https://h.example/a(b)<c>|`d", "https://h.example/a%28b%29%3Cc%3E%7C%60d"),
        ("https://h.example/ä b%20c", "https://h.example/%C3%A4%20b%20c"),
    ],
)
def test_a_link_leads_where_it_should(url: str, target: str) -> None:
    [opened] = [token for token in tokens(link("text", url)) if token.type == "link_open"]
    assert opened.attrs["href"] == target


@QUICK
@given(TEXT, st.text())
def test_X33_a_link_is_one_link(text: str, path: str) -> None:
    markdown = link(text, f"https://host.example/{path}")
    hrefs = [token.attrs["href"] for token in tokens(markdown) if token.type == "link_open"]
    assert len(hrefs) <= 1
    assert all(str(href).startswith("https://host.example/") for href in hrefs)
    assert "<" not in markdown


@QUICK
@given(TEXT)
def test_X33_code_is_a_code_span_or_plain_text(text: str) -> None:
    kinds = {token.type for token in tokens(code(text))}
    plain = {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    assert kinds <= plain | {"code_inline"}


def test_code_keeps_what_people_copy() -> None:
    assert code("ana@example.com") == "`ana@example.com`"
    assert code("ghcr.io/a/b@sha256:12") == "`ghcr.io/a/b@sha256:12`"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0.0 s"), (4.24, "4.2 s"), (59.96, "1 min 00 s"), (125, "2 min 05 s")),
        *((3599.7, "1 h 00 min"), (12_000, "3 h 20 min")),
    ],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_moments_are_in_utc() -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5)))
    assert moment(when) == "2026-01-02 08:04:05 UTC"
    assert moment(when.astimezone(UTC)) == moment(when)
