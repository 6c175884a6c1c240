"""Which answers count, and which still do."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.decision import Approval
from slipway.gates.authors import Authors
from slipway.gates.binding import subject
from slipway.gates.quorum import (
    Rules,
    standing,
    why_not,
)
from slipway.ledger.entries import Decided
from slipway.model import Change
from tests.answers import AT
from tests.unit.gate_values import (
    ANA,
    CHANGE,
    IMAGE,
    KIM,
    LEO,
    MOVED,
    NOTHING,
    approval,
    asked,
    counted,
    gate,
)

QUICK = settings(max_examples=100, deadline=None)


def against(
    answer: Approval,
    now: Change = CHANGE,
    authors: tuple[str, ...] = (),
    given: tuple[Approval, ...] = (),
    fault: str | None = None,
    **more: Any,
) -> str:
    rules = Rules(gate=gate(**more), authors=Authors(names=authors))
    about = subject("books-api", now, IMAGE)
    return why_not(answer, asked(), about, now, rules, given, fault)


def standing_names(decided: list[Decided], now: Change = CHANGE, **more: Any) -> list[str]:
    found = standing(decided, subject("books-api", now, IMAGE), now, gate(**more))
    return [each.approver for each in found]


def test_A7_an_answer_by_an_approver_counts() -> None:
    assert against(approval()) == ""
    assert against(approval(decision="reject")) == ""


def test_A7_A9_a_stranger_neither_approves_nor_rejects() -> None:
    for decision in ("approve", "reject"):
        assert "not an approver here" in against(approval("mallory", decision=decision))


def test_A8_an_answer_without_proof_neither_approves_nor_rejects() -> None:
    for decision in ("approve", "reject"):
        said = against(approval(decision=decision), fault="the signature is by another key")
        assert said == f"'{ANA}' has not proven who answered: the signature is by another key"


def test_A8_a_typed_name_is_no_proof_where_a_signature_is_asked_for() -> None:
    signed = {"identity": "signature", "signers": [f"{ANA} ssh-ed25519 AAAA"]}
    for decision in ("approve", "reject"):
        answer = approval(decision=decision)
        assert "the answer is not signed" in against(answer, **signed)
        assert against(answer.model_copy(update={"signature": "-----BEGIN"}), **signed) == ""


def test_A10_an_author_may_not_approve_and_may_reject() -> None:
    author = (f"Ana <{ANA}>",)
    said = against(approval(), authors=author)
    assert said == f"'{ANA}' may not approve their own work, as Ana <{ANA}>"
    assert against(approval(decision="reject"), authors=author) == ""
    assert against(approval(LEO), authors=author) == ""
    assert against(approval(), authors=author, self_approval="allow") == ""


def test_A11_the_same_person_twice_counts_once_and_is_told() -> None:
    said = against(approval("ANA@example.com"), given=(approval(),))
    assert said == "'ANA@example.com' has approved already; another approver is asked for"
    assert standing_names(counted("ANA@example.com", ANA, LEO)) == [ANA, LEO]


def test_A11_whoever_approved_may_still_reject() -> None:
    assert against(approval(decision="reject"), given=(approval(),)) == ""


@pytest.mark.parametrize(
    ("minutes", "counts"), [(59, True), (60, True), (61, False)], ids=["before", "at", "after"]
)
def test_A22_an_answer_after_the_expiry_does_not_count(minutes: int, counts: bool) -> None:
    said = against(approval(at=AT + timedelta(minutes=minutes)))
    assert (said == "") is counts
    assert counts or "expired (2026-01-02 01:00 UTC)" in said


def test_A16_an_answer_to_another_change_is_void_and_told_why() -> None:
    said = against(approval(), MOVED)
    assert said == (
        "what it was about has changed: values.yaml image.tag holds '2.0.1' now, and held '2.0.0'"
    )
    assert "has changed" in against(approval(decision="reject"), MOVED)


def test_A13_whoever_was_removed_meanwhile_does_not_count() -> None:
    assert standing_names(counted(ANA, LEO), approvers=[LEO, KIM]) == [LEO]


def test_A13_what_was_written_stays_approved() -> None:
    assert standing_names(counted(ANA, LEO), NOTHING, approvers=[LEO]) == [ANA, LEO]


def test_A27_A28_approvals_are_kept_for_the_same_subject_only() -> None:
    assert standing_names(counted(ANA)) == [ANA]
    assert standing_names(counted(ANA), MOVED) == []
    assert standing_names(counted(ANA, digest="sha256:" + "d" * 64)) == []
    assert standing_names(counted(ANA, decision="reject")) == []
    assert standing_names([Decided(approval=approval(), counts=False, why_not="late")]) == []


@QUICK
@given(st.lists(st.sampled_from([ANA, LEO, KIM, "ANA@example.com"]), max_size=8))
def test_A11_standing_approvals_are_by_different_people(names: list[str]) -> None:
    found = standing_names(counted(*names))
    assert len(found) == len({name.casefold() for name in names})
