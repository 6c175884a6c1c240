"""What a run remembers of its questions and answers."""

from datetime import timedelta
from typing import Any

import pytest

from slipway.gates.binding import subject
from slipway.gates.dossier import Dossier
from slipway.ledger.entries import Decided
from tests.answers import AT
from tests.unit.gate_values import (
    ABOUT,
    IMAGE,
    MOVED,
    approval,
    asked,
)


def answer(question: str, counts: bool = True, decision: str = "approve") -> Decided:
    made = approval(decision=decision).model_copy(update={"question": question})
    return Decided(approval=made, counts=counts, why_not="" if counts else "no")


def test_an_answered_question_is_not_open() -> None:
    dossier = Dossier().asking(asked("q-1"))
    assert dossier.open == asked("q-1")
    assert dossier.deciding(answer("q-1")).open is None
    assert dossier.deciding(answer("q-1")).asking(asked("q-2")).open == asked("q-2")
    assert Dossier().open is None


def test_A14_one_question_has_one_answer() -> None:
    dossier = Dossier().asking(asked("q-1")).deciding(answer("q-1"))
    assert dossier.deciding(answer("q-1", counts=False)) == dossier


def test_X63_answers_are_counted_by_attempt() -> None:
    dossier = Dossier()
    for number, attempt in enumerate(["1", "1", "2", "2", "2"]):
        key = f"q-{number}"
        dossier = dossier.asking(asked(key, attempt)).deciding(answer(key, counts=number == 4))
    assert [dossier.not_counted(attempt) for attempt in ("1", "2", "3")] == [2, 2, 0]


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NO = answer("q-1", decision="reject")
FIRST = Dossier().asking(asked())  # open until AT + HOUR


@pytest.mark.parametrize(
    ("dossier", "attempt", "now", "expires"),
    [
        (Dossier(), "1", AT, AT + DAY),
        (FIRST, "1", AT + HOUR / 2, AT + HOUR),  # a restart
        (FIRST.deciding(answer("q-1", counts=False)), "1", AT + HOUR / 2, AT + HOUR),
        (FIRST, "1", AT + 2 * HOUR, AT + HOUR),  # it was over while nothing ran
        (FIRST, "2", AT + HOUR / 2, AT + HOUR),  # killed while it asked, then retried
        (FIRST, "2", AT + 2 * HOUR, AT + 2 * HOUR + DAY),  # expired, then retried
        (FIRST.deciding(answer("q-1")), "2", AT + HOUR / 2, AT + HOUR),  # another is missing
        (FIRST.deciding(NO), "2", AT + HOUR / 2, AT + HOUR / 2 + DAY),  # rejected, then retried
    ],
)
def test_A23_A25_A26_expiry_counts_from_the_question(
    dossier: Dossier, attempt: str, now: Any, expires: Any
) -> None:
    assert dossier.expiry(ABOUT, attempt, now, DAY) == expires


def test_A16_another_subject_has_an_expiry_of_its_own() -> None:
    other = subject("books-api", MOVED, IMAGE)
    assert FIRST.expiry(other, "1", AT + HOUR / 2, DAY) == AT + HOUR / 2 + DAY


def test_X33_answers_outlive_their_way_through_json() -> None:
    dossier = FIRST.deciding(answer("q-1"))
    assert Dossier.model_validate_json(dossier.model_dump_json()) == dossier
