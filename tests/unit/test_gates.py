"""Who may decide, and when a recorded decision still holds."""

import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slipway.decision import Approval
from slipway.gates.binding import difference, still_holds, subject
from slipway.gates.dossier import Asked
from slipway.gates.people import refusal, same_person
from slipway.model import Change, Edit, Image
from slipway.value import Timing
from tests import answers

QUICK = settings(max_examples=100, deadline=None)
ANA = "ana@example.com"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
IMAGE = Image(
    repository="registry.example/acme/shop",
    version="2.1.0",
    digest="sha256:" + "c" * 64,
    revision="a" * 40,
    builder="layer",
    created=True,
    timing=Timing(started=NOW),
)


@pytest.mark.parametrize(
    "typed",
    [
        ANA,
        "Ana@Example.COM",
        f"  {ANA}\n",
        "\uff41\uff4e\uff41@example.com",
        "ana\uff20example.com",
    ],
)
def test_A12_case_blanks_and_unicode_form_do_not_matter(typed: str) -> None:
    assert refusal(typed, [ANA, "leo@example.com"]) is None


@pytest.mark.parametrize(
    "typed",
    [
        "\u0430na@example.com",  # Cyrillic a
        "\u03b1na@example.com",  # Greek alpha
        "ana@ex\u0430mple.com",  # Cyrillic a in the host
        "ana@example.com.evil.example",
        "ana@example.co",
        "an\xe1@example.com",
        "ana@example.com\u200b",  # zero width
        "a na@example.com",
        "ana@example.com, leo@example.com",
        "",
        "*",
    ],
)
def test_A12_look_alikes_do_not_match(typed: str) -> None:
    assert refusal(typed, [ANA, "leo@example.com"]) is not None


def test_A12_letters_that_fold_to_the_same_are_the_same_person() -> None:
    assert refusal("STRASSE", ["stra\xdfe"]) is None
    assert refusal("\xe9", ["e\u0301"]) is None


def test_A7_a_refusal_names_the_approvers() -> None:
    said = refusal("mallory", [ANA, "leo@example.com"])
    assert said == (
        "'mallory' is not an approver here; the service file names ana@example.com, leo@example.com"
    )


def test_A7_nobody_may_approve_where_nobody_is_named() -> None:
    assert refusal(ANA, []) is not None


@QUICK
@given(st.text(max_size=30))
def test_A12_a_person_is_the_same_person_however_normalised(name: str) -> None:
    forms = [unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    assert {same_person(form) for form in forms} == {same_person(name)}


@QUICK
@given(
    st.text(alphabet="a\xe1b\u0430@.-", max_size=12),
    st.text(alphabet="a\xe1b\u0430@.-", max_size=12),
)
def test_A12_different_names_stay_different(one: str, other: str) -> None:
    assume(unicodedata.normalize("NFKC", one) != unicodedata.normalize("NFKC", other))
    assert refusal(one, [other]) is not None


def change(new: str = "2.1.0", environment: str = "production", edits: bool = True) -> Change:
    edit = Edit(file="values.yaml", key="image.tag", old="2.0.0", new=new)
    made = (edit,) if edits else ()
    return Change(environment=environment, edits=made, diff="", base="b" * 40)


def approval(**changed: Any) -> Approval:
    known = {"version": IMAGE.version, "digest": IMAGE.digest, "fingerprint": change().fingerprint}
    return answers.approval(**known | changed)


def holds(given: Approval, shown: Change) -> bool:
    return still_holds(given, subject("books-api", shown, IMAGE), shown)


def test_A27_an_approval_holds_for_the_same_image_and_change() -> None:
    assert holds(approval(), change())


def test_A27_it_holds_when_its_edits_were_written_already() -> None:
    assert holds(approval(), change(edits=False))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (approval(digest="sha256:" + "d" * 64), change()),
        (approval(version="2.0.9"), change()),
        (approval(decision="reject"), change()),
        (approval(decision="reject"), change(edits=False)),
        (approval(), change(new="2.1.1")),
        (approval(), change(environment="staging")),
        (approval(digest="sha256:" + "d" * 64), change(edits=False)),
    ],
)
def test_A15_A16_A28_an_approval_of_something_else_does_not_hold(
    given: Approval, shown: Change
) -> None:
    assert not holds(given, shown)


def test_A16_other_lines_may_move_around_the_same_edits() -> None:
    moved = change().model_copy(update={"base": "d" * 40, "diff": "other line numbers"})
    assert holds(approval(), moved)


def test_the_order_of_the_edits_does_not_matter_and_their_content_does() -> None:
    one = Edit(file="values.yaml", key="image.tag", old="2.0.0", new="2.1.0")
    two = one.model_copy(update={"key": "image.digest", "new": "sha256:1"})

    def of(*edits: Edit) -> str:
        return change().model_copy(update={"edits": edits}).fingerprint

    assert of(one, two) == of(two, one)
    assert of(one) != of(one, two)


def differs(now: Change, image: Image = IMAGE, shown: Change | None = None) -> tuple[str, ...]:
    """What is said to have changed since `shown` was asked about."""
    before = shown or change()
    asked = Asked(
        key="q-1", attempt="1", subject=subject("books-api", before, IMAGE), edits=before.edits,
        expires=NOW,
    )  # fmt: skip
    return difference(asked, subject("books-api", now, image), now)


def test_A16_nothing_has_changed() -> None:
    assert differs(change()) == ()
    assert differs(change().model_copy(update={"base": "d" * 40, "diff": "moved"})) == ()


def test_A16_what_has_changed_is_told_value_by_value() -> None:
    tag = change().edits[0]
    more = tag.model_copy(update={"key": "image.digest", "old": "a", "new": "b"})

    def with_edits(*edits: Edit) -> Change:
        return change().model_copy(update={"edits": edits})

    moved = tag.model_copy(update={"old": "2.0.1", "new": "2.1.1"})
    assert differs(with_edits(moved)) == (
        "values.yaml image.tag holds '2.0.1' now, and held '2.0.0'",
        "values.yaml image.tag would become '2.1.1', and not '2.1.0'",
    )
    assert differs(with_edits(tag, more)) == (
        "values.yaml image.digest changes too, from 'a' to 'b'",
    )
    assert differs(with_edits(), shown=with_edits(tag)) == (
        "values.yaml image.tag does not change any more: it holds '2.1.0' already or is gone",
    )


def test_A16_A28_another_version_or_digest_is_told() -> None:
    other = IMAGE.model_copy(update={"version": "2.1.1", "digest": "sha256:" + "d" * 64})
    assert differs(change(), other) == (
        "the version is 2.1.1, and was 2.1.0",
        f"the digest is sha256:{'d' * 64}, and was sha256:{'c' * 64}",
    )


@QUICK
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("xyz"))))
def test_A16_whatever_makes_an_answer_void_is_told(edits: list[tuple[str, str, str]]) -> None:
    made = {key: Edit(file="f", key=key, old=old, new=new) for key, old, new in edits}
    now = change().model_copy(update={"edits": tuple(made.values())})
    same = now.fingerprint == change().fingerprint
    assert (differs(now) == ()) is same
