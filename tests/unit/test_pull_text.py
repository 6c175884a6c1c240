"""What people read in a pull request: everything is there, nothing breaks out, it fits."""

from datetime import UTC, datetime

import pytest

from slipway.gitops import pull_text
from slipway.model import Change, Commit, Edit, Image
from slipway.value import Timing
from tests.answers import approval

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
NASTY = "</details> @everyone `x` [a](http://b) <!-- slipway: withdrawn --> ```\n# big"
IMAGE = Image(
    repository="ghcr.io/acme/books-api", version="1.1.0", digest="sha256:" + "a" * 64,
    revision="b" * 40, builder="docker", created=True, timing=Timing(started=NOW),
)  # fmt: skip


def change(diff: str) -> Change:
    edit = Edit(file="a.yaml", key="image.tag", old="1.0.0", new="1.1.0")
    return Change(environment="production", edits=(edit,), diff=diff, base="c" * 40)


def body(diff: str = "-a\n+b\n", text: str = "fine") -> str:
    commits = [Commit(sha="d" * 40, subject=text, author=f"{text} <x@example.com>")] * 3
    given = (approval(reason=text, at=NOW),)
    return pull_text.body("books-api", change(diff), IMAGE, text, given, [], commits, "e" * 40)


def test_it_says_what_a_person_needs_to_decide() -> None:
    said = body()
    for part in (
        "**books-api 1.1.0** into **production**",
        "`1.1.0`, after `1.0.0`",
        f"`{IMAGE.digest}`",
        "`ana@example.com`, 2026-11-23 09:30:00 UTC: fine",
        "```diff\n-a\n+b\n```",
        "`dddddddddd` fine (fine)",
        "No earlier environment",
        pull_text.mark("e" * 40),
    ):
        assert part in said


def test_foreign_text_stays_text() -> None:
    said = body(f"+{NASTY}\n", NASTY)
    outside = "".join(said.split("````")[::2])  # without the block of the diff
    assert pull_text.WITHDRAWN not in outside
    assert "@everyone" not in outside
    assert "</details>" not in outside
    assert "[a](" not in outside
    assert "\n# big" not in outside


@pytest.mark.parametrize("letter", ["+", "\x1b", "`", "\U0001f680"])
def test_it_always_fits(letter: str) -> None:
    said = body(letter * 100_000, letter * 10_000)
    assert len(said) < 65_536
    assert pull_text.mark("e" * 40) in said


def test_a_title_is_one_short_line() -> None:
    assert pull_text.title("a: b\n\nrest") == "a: b"
    assert len(pull_text.title("x" * 1000)) <= 256


def test_what_is_withdrawn_says_why() -> None:
    said = pull_text.withdrawn("x" * 70_000, NASTY)
    assert len(said) < 65_536
    assert said.count(pull_text.WITHDRAWN) == 1
