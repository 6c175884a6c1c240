"""Who may decide, and what a decision covers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.gates import refusal, same_person, still_holds
from slipway.model import Approval, Change, Edit, Image, Timing

NOW = datetime(2026, 11, 23, tzinfo=UTC)
APPROVERS = ("ana@example.com", "José@example.com")


def image(digest: str = "a", version: str = "1.1.0") -> Image:
    return Image(
        repository="r.example/x",
        version=version,
        digest=f"sha256:{digest * 64}",
        revision="c" * 40,
        builder="layer",
        created=True,
        timing=Timing(started=NOW),
    )


def change(*pairs: tuple[str, str], base: str = "b") -> Change:
    edits = tuple(Edit(file="v.yaml", key="image.tag", old=old, new=new) for old, new in pairs)
    return Change(environment="production", edits=edits, diff="", base=base * 40)


def approval(shown: Change, decision: str = "approve") -> Approval:
    return Approval(
        decision=decision,  # type: ignore[arg-type]
        approver="ana@example.com",
        reason="fine",
        at=NOW,
        environment="production",
        version="1.1.0",
        digest=image().digest,
        fingerprint=shown.fingerprint,
        run="run",
    )


@pytest.mark.parametrize("name", ["ana@example.com", " ANA@Example.com ", "jose\u0301@example.com"])
def test_A07_an_approver_counts_whatever_the_case_or_the_form_of_letters(name: str) -> None:
    assert refusal(name, APPROVERS) is None


@pytest.mark.parametrize(
    "name", ["eve@example.com", "\u0430na@example.com", "ana@example.com.evil", "ana"]
)
def test_A12_a_look_alike_is_somebody_else(name: str) -> None:
    assert name in (refusal(name, APPROVERS) or "")


@given(st.text(), st.text())
def test_A12_two_names_are_one_person_only_if_they_fold_to_the_same(one: str, other: str) -> None:
    assert (refusal(one, [other]) is None) == (same_person(one) == same_person(other))


def test_A27_an_approval_holds_for_the_same_image_and_change() -> None:
    shown = change(("1.0.0", "1.1.0"))
    assert still_holds(approval(shown), image(), shown)


def test_A27_an_approval_holds_when_its_change_was_written_already() -> None:
    assert still_holds(approval(change(("1.0.0", "1.1.0"))), image(), change())


def test_A16_an_approval_is_void_when_the_touched_value_moved() -> None:
    assert not still_holds(
        approval(change(("1.0.0", "1.1.0"))), image(), change(("1.0.1", "1.1.0"))
    )


def test_an_unrelated_commit_does_not_void_an_approval() -> None:
    shown, later = change(("1.0.0", "1.1.0")), change(("1.0.0", "1.1.0"), base="e")
    assert still_holds(approval(shown), image(), later)


@pytest.mark.parametrize("other", [image("d"), image(version="1.1.1")])
def test_A28_an_approval_is_void_for_another_image(other: Image) -> None:
    shown = change(("1.0.0", "1.1.0"))
    assert not still_holds(approval(shown), other, shown)


def test_A25_a_rejection_never_counts_as_an_approval() -> None:
    shown = change(("1.0.0", "1.1.0"))
    assert not still_holds(approval(shown, "reject"), image(), shown)


def test_the_order_of_the_edits_does_not_matter_and_their_content_does() -> None:
    one, two = ("1.0.0", "1.1.0"), ("sha256:0", "sha256:1")
    assert change(one, two).fingerprint == change(two, one).fingerprint
    assert change(one).fingerprint != change(one, two).fingerprint
