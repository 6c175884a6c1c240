"""Messages of commits: what each asks for, against what release-please says of the same one."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.clients.semantic import intents
from slipway.errors import Conflict
from slipway.release.messages import messages_in
from slipway.release.rule import asked
from slipway.release.versions import Intent, Level
from slipway.service import Bumps

DATA = Path(__file__).parent.parent / "data"
LEVELS = json.loads((DATA / "release-please-levels.json").read_text())
SHA = "c" * 40
DEFAULTS = Bumps()
pieces = st.sampled_from(
    ["feat", "fix", "(", ")", "!", ":", ": ", " ", "\n", "\n\n", "\r\n", "BREAKING CHANGE", "#", "x",
     "- ", "Release-As: 2.0.0", "BEGIN_NESTED_COMMIT", "END_NESTED_COMMIT", "BEGIN_COMMIT_OVERRIDE",
     "NOTICE: ", "Closes: #1", "\ufeff", "\u2028", "\0", "é", "<b>"]
)  # fmt: skip


def read(message: str, bumps: Bumps = DEFAULTS) -> list[Intent]:
    return intents(message, SHA, bumps)


def level(message: str, bumps: Bumps = DEFAULTS) -> Level:
    return max(intent.level for intent in read(message, bumps))


def verdict(message: str) -> str:
    """In the words of the recorded table."""
    try:
        wanted = asked(read(message))
    except Conflict:
        return "error"
    return str(wanted) if wanted else level(message).name.lower()


@pytest.mark.parametrize(("message", "theirs"), LEVELS["agreed"])
def test_a_message_asks_for_what_release_please_says(message: str, theirs: str) -> None:
    assert verdict(message) == theirs


@pytest.mark.parametrize(("message", "theirs", "ours"), LEVELS["different"])
def test_where_we_differ_it_is_for_one_of_the_stated_reasons(
    message: str, theirs: str, ours: str
) -> None:
    assert verdict(message) == ours
    capitals = message[0].isupper() and (theirs, ours) == ("patch", "minor")
    marked = (theirs, ours) == ("minor", "major") and "!:" in message
    unread = theirs == "none" and ("elease-" in message or "elease-As" in message or "(" in message)
    assert capitals or marked or unread


def test_the_table_is_of_some_hundred_messages() -> None:
    assert len(LEVELS["agreed"]) > 300
    assert len(LEVELS["different"]) <= 20


@given(st.one_of(st.text(), st.lists(pieces, max_size=30).map("".join)))
def test_any_message_is_read_into_bounded_lines(message: str) -> None:
    found = read(message)
    assert found
    for intent in found:
        texts = [intent.kind, intent.scope, intent.summary, intent.release_as, *intent.breaking]
        assert all(len(text) <= 1000 and len(text.splitlines()) <= 1 for text in texts)


@given(st.lists(pieces, max_size=20).map("".join))
def test_line_ends_do_not_matter(message: str) -> None:
    unix = message.replace("\r\n", "\n")
    assert read(unix.replace("\n", "\r\n")) == read(unix)


def test_X28_a_huge_message_is_read_to_a_limit() -> None:
    assert level("fix: a" + " " * 5_000_000 + "(#1)") is Level.PATCH
    assert level("fix: a\n\n" + "Refs: x\n" * 500_000) is Level.PATCH
    assert level("fix: a\n\n" + "feat(" * 100_000) is Level.PATCH
    assert level("BEGIN_NESTED_COMMIT\nfeat: a\n" * 10_000) is Level.MINOR


def test_a_commit_override_stands_for_the_whole_message() -> None:
    message = (
        "feat!: a (#7)\n\nText.\n\nBEGIN_COMMIT_OVERRIDE\nfix: b\n\ndocs: c\nEND_COMMIT_OVERRIDE"
    )
    assert [(i.kind, i.summary) for i in read(message)] == [("fix", "b"), ("docs", "c")]
    empty = "feat: a\n\nBEGIN_COMMIT_OVERRIDE\nEND_COMMIT_OVERRIDE"
    assert level(empty) is Level.MINOR


@pytest.mark.parametrize("subject", ["Closes: #1", "BREAKING CHANGE: x", "NOTICE: x", "> x", "x"])
def test_a_subject_is_a_subject_whatever_it_begins_with(subject: str) -> None:
    (only,) = read(f"fix(api)!: {subject} (#12)")
    assert (only.summary, only.scope, only.pull) == (subject, "api", "#12")
    assert (only.level, only.breaking) == (Level.MAJOR, (subject,))


def test_breaking_changes_are_told_in_their_own_words() -> None:
    (only,) = read(
        "fix!: a\n\nText\nBREAKING CHANGE: no v1,\nnor v2\n\nRefs: #1\nBREAKING-CHANGE: b"
    )
    assert only.breaking == ("no v1, nor v2", "b")


def test_the_service_file_says_which_types_bump() -> None:
    bumps = Bumps(minor=("feat",), patch=("deps", "docs"))
    assert level("deps: a", bumps) is Level.PATCH
    assert level("Docs: a", bumps) is Level.PATCH
    assert level("fix: a", bumps) is Level.NONE
    assert level("feature: a", bumps) is Level.NONE
    assert level("fix!: a", bumps) is Level.MAJOR
    assert level("chore: a\n\nSome text.\ndeps: b", bumps) is Level.PATCH


def test_X37_a_type_is_a_word_or_other() -> None:
    assert read("<script>alert</script>: a")[0].kind == "other"
    assert read(f"{'x' * 50}: a")[0].kind == "other"


def test_release_as_is_a_footer() -> None:
    assert messages_in("chore: a\n\nRELEASE-AS: 2.0.0")[0].release_as == "2.0.0"
    assert [m.release_as for m in messages_in("A merge\n\nRelease-As: 2.0.0")] == ["2.0.0"]
    assert [m.release_as for m in messages_in("chore: a\n\nRelease-As: 2.0.0\n\nText.")] == [""]
    assert messages_in("Release-As: 2.0.0")[0].release_as == ""
