"""Who may decide, and what becomes of a decision that is missing, late or not allowed."""

from tests.acceptance.scene_expiry import Expiry
from tests.acceptance.scene_refusal import MALLORY, Refusal


def test_A03_A20_an_answer_without_a_decision_rejects(refusal: Refusal) -> None:
    assert "production: rejected by ana@example.com: not on a Friday" in refusal.rejected
    assert "retry the run to ask again" in refusal.rejected


def test_A05_an_approval_of_a_run_that_has_ended_is_refused(refusal: Refusal) -> None:
    assert refusal.late["status"] == "ABORT"


def test_A25_A29_a_retry_after_a_rejection_asks_a_question_that_can_be_answered(
    refusal: Refusal,
) -> None:
    first, second, _ = refusal.keys
    assert first != second


def test_A07_A09_an_approval_by_a_stranger_does_not_count_and_is_recorded(
    refusal: Refusal,
) -> None:
    assert refusal.stranger == "Suspended"
    assert len(set(refusal.keys)) == 3
    assert f"'{MALLORY}' is not an approver here" in refusal.refused
    assert "ana@example.com, leo@example.com" in refusal.refused
    assert any(MALLORY in record for record in refusal.decisions)


def test_A24_a_cancelled_run_cannot_be_approved(refusal: Refusal) -> None:
    assert refusal.cancelled["state_type"] == "CANCELLED"
    assert refusal.too_late["status"] == "ABORT"


def test_A20_A24_what_is_not_approved_is_never_written(refusal: Refusal) -> None:
    assert refusal.effects.commits == ()


def test_A21_a_question_that_nobody_answers_expires(expiry: Expiry) -> None:
    assert expiry.first["type"] == "FAILED"
    assert expiry.first["name"] == "Expired"
    assert "Nobody answered" in expiry.first["message"]
    assert "Retry this run to ask again" in expiry.first["message"]
    assert expiry.effects.commits == ()


def test_A22_an_approval_after_the_expiry_is_refused(expiry: Expiry) -> None:
    assert expiry.late["status"] == "ABORT"


def test_A26_a_retry_after_the_expiry_asks_again(expiry: Expiry) -> None:
    first, second = expiry.questions
    assert first != second
    assert expiry.second["name"] == "Expired"
