"""What people are told outside of Prefect."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway import notices
from slipway.text import paragraph

LINK = "https://prefect.example.com/runs/flow-run/0a1b"
RUN = "books-api 1.2.0"
EXPIRES = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
HOSTILE = [
    "@everyone",
    "@here look",
    "<!channel>",
    "<@U123>",
    "<https://evil.example.com|click>",
    "[click](https://evil.example.com)",
    "http://evil.example.com",
    "HTTPS://evil.example.com",
    "www.evil.example.com",
    "mailto:eve@example.com",
    "`rm`",
    "**bold**",
    "# heading",
    "<script>alert(1)</script>",
    "a\x1b[31mred",
    "\u202egnp",
]


def test_A65_a_question_is_told_with_its_link_and_its_end() -> None:
    told = notices.waiting(RUN, "production", EXPIRES, LINK)
    assert told.title == "Waiting for approval: books-api 1.2.0 to production"
    assert "2026-11-23 12:30:00 UTC" in told.text
    assert LINK in told.text


def test_A66_every_end_has_its_own_title_and_its_own_text() -> None:
    told = [notices.ended(name, RUN, "why", LINK) for name in notices.ENDINGS]
    told += [notices.delivered(RUN, "why", LINK), notices.waiting(RUN, "x", EXPIRES, LINK)]
    assert len({each.title for each in told}) == len(told)
    assert len({each.text for each in told}) == len(told)
    assert all(RUN in each.title for each in told)


def test_an_end_without_a_meaning_of_its_own_is_a_failure() -> None:
    told = notices.ended("TimedOut", RUN, "why", LINK)
    assert told.title.startswith("TimedOut: ")
    assert notices.ENDINGS["Failed"] in told.text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", ["title", "text"])
def test_X41_foreign_text_is_neutral(text: str, place: str) -> None:
    run, message = (text, "") if place == "title" else ("", text)
    told = notices.ended("Failed", run, message, LINK)
    seen = f"{told.title}\n{told.text.removesuffix(LINK)}".lower()
    for acted_upon in ("@e", "@h", "@u", "<", ">", "[", "]", "`", "*", "# ", "://", "www."):
        assert acted_upon not in seen
    assert "mailto:e" not in seen
    assert "\x1b" not in seen
    assert "\u202e" not in seen


@settings(deadline=None)
@given(st.text(max_size=5000))
def test_X41_no_text_makes_a_mention_a_link_or_a_longer_notice(text: str) -> None:
    told = notices.ended("Failed", text, text, LINK)
    body = told.text.removesuffix(LINK)
    assert told.text.endswith(LINK)
    assert "://" not in told.title + body
    assert not set("<>[]`*") & set(told.title + body)
    assert len(told.title) < 700
    assert len(told.text) < 2000
    assert "\n" not in told.title


@pytest.mark.parametrize("link", ["", "javascript:alert(1)", "https://u:p@host/", "ftp://host"])
def test_X64_only_the_page_of_the_run_becomes_a_link(link: str) -> None:
    told = notices.delivered(RUN, "proven", link)
    assert told.text == "proven"


@settings(deadline=None)
@given(st.text())
def test_a_paragraph_keeps_its_lines_and_is_fit_to_be_shown(text: str) -> None:
    shown = paragraph(text, 300)
    assert all(c.isprintable() or c == "\n" for c in shown)
    assert len(shown) < 1400


def test_a_paragraph_is_cut_where_it_is_too_long() -> None:
    assert paragraph("one\n  → two") == "one\n  → two"
    assert paragraph("\n".join(["line"] * 1000), 50).endswith("line\n…")
