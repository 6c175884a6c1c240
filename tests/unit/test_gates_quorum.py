"""Which answers count, which still do, and when there are enough."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.decision import Approval
from slipway.errors import Conflict
from slipway.gates.authors import Authors
from slipway.gates.binding import subject
from slipway.gates.dossier import Asked, Dossier
from slipway.gates.people import stricter
from slipway.gates.quorum import (
    TOO_MANY,
    Rules,
    electorate,
    has_ended,
    require_people,
    standing,
    unreachable,
    why_not,
)
from slipway.ledger.entries import Decided
from slipway.model import Change, Edit, Image
from slipway.service import Gate
from slipway.value import Timing
from tests import answers
from tests.answers import AT

QUICK = settings(max_examples=100, deadline=None)
ANA, LEO, KIM = "ana@example.com", "leo@example.com", "kim@example.com"
IMAGE = Image(
    repository="registry.example/acme/shop",
    version="2.1.0",
    digest="sha256:" + "c" * 64,
    revision="a" * 40,
    builder="layer",
    created=True,
    timing=Timing(started=AT),
)
EDIT = Edit(file="values.yaml", key="image.tag", old="2.0.0", new="2.1.0")


def change(*edits: Edit) -> Change:
    return Change(environment="production", edits=edits or (EDIT,), diff="", base="b" * 40)


CHANGE = change()
NOTHING = CHANGE.model_copy(update={"edits": ()})
MOVED = change(EDIT.model_copy(update={"old": "2.0.1"}))
ABOUT = subject("books-api", CHANGE, IMAGE)


def gate(**more: Any) -> Gate:
    return Gate.model_validate({"approvers": [ANA, LEO, KIM]} | more)


def approval(approver: str = ANA, **more: Any) -> Approval:
    return answers.approval(approver=approver, **ABOUT.model_dump(exclude={"act"}) | more)


def counted(*approvers: str, **more: Any) -> list[Decided]:
    return [Decided(approval=approval(name, **more), counts=True) for name in approvers]


def asked(key: str = "q-1", attempt: str = "1", **more: Any) -> Asked:
    made = Asked(
        key=key, attempt=attempt, subject=ABOUT, edits=CHANGE.edits,
        expires=AT + timedelta(hours=1),
    )  # fmt: skip
    return made.model_copy(update=more)


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
    assert standing_names(counted(ANA, "ANA@example.com", LEO)) == [ANA, LEO]


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


def test_A13_rights_only_shrink_while_a_run_waits() -> None:
    began = gate(quorum=1, signers=["a", "b"], identity="signature", revoked=["x"])
    now = gate(
        approvers=[KIM, "new@example.com", LEO.upper()], quorum=2, self_approval="allow",
        signers=["b", "c"], identity="signature", revoked=["y"], expires="1h",
    )  # fmt: skip
    left = stricter(began, now)
    assert left.approvers == (LEO, KIM)
    assert (left.quorum, left.self_approval, left.signers) == (2, "refuse", ("b",))
    assert left.revoked == ("x", "y")
    assert left.expires == began.expires
    assert stricter(now, began).quorum == 2


def test_A13_a_gate_that_is_gone_takes_nothing_away() -> None:
    assert stricter(gate(), None) == gate()
    assert stricter(gate(), Gate.model_validate({"soak": "1m"})) == gate()


def test_A10_the_electorate_is_parted() -> None:
    rules = Rules(gate=gate(), authors=Authors(names=(f"Ana <{ANA}>",)))
    found = electorate(rules)
    assert found.may == (LEO, KIM)
    assert found.may_not == ((ANA, f"an author of what is released, as Ana <{ANA}>"),)
    assert unreachable(rules, "production") is None


def test_A10_nobody_left_is_told_at_once() -> None:
    everybody = Authors(names=(f"A <{ANA}>", f"L <{LEO}>", f"K <{KIM}>"))
    said = unreachable(Rules(gate=gate(), authors=everybody), "production")
    assert said
    assert said.startswith("production: 1 approval is needed, and nobody may approve (")
    assert f"{KIM} is an author of what is released" in said


def test_A10_A11_a_quorum_that_cannot_be_reached_is_told_at_once() -> None:
    two = Rules(gate=gate(quorum=3), authors=Authors(names=(f"Ana <{ANA}>",)))
    said = unreachable(two, "production")
    assert said
    assert f"3 approvals are needed, and {LEO}, {KIM} may approve" in said
    assert unreachable(two, "production", [approval(ANA)]) is None  # given before


@pytest.mark.parametrize(
    ("given_by", "more", "enough"),
    [
        ([ANA], {}, True),
        ([], {}, False),
        (["mallory"], {}, False),
        ([ANA], {"quorum": 2}, False),
        ([ANA, ANA.upper()], {"quorum": 2}, False),
        ([ANA, LEO], {"quorum": 2}, True),
        ([ANA], {"approvers": [LEO]}, False),
        ([ANA], {"identity": "signature", "signers": ["k"]}, False),
    ],
)
def test_A11_A13_A15_too_few_approvals_never_let_a_write_pass(
    given_by: list[str], more: dict[str, Any], enough: bool
) -> None:
    given = [approval(name) for name in given_by]
    if enough:
        require_people(gate(**more), "production", given)
        return
    with pytest.raises(Conflict, match="production is changed only with an approval by"):
        require_people(gate(**more), "production", given)


def test_nothing_is_asked_of_an_environment_without_people() -> None:
    require_people(None, "staging", [])
    require_people(Gate.model_validate({"soak": "1m"}), "staging", [])


def ended(not_counted: int = 0, counts: bool = True, **more: Any) -> str | None:
    decided = Decided(approval=approval(**more), counts=counts, why_not="" if counts else "no")
    return has_ended(decided, not_counted, asked().expires)


def test_A11_A20_one_rejection_that_counts_ends_it() -> None:
    assert ended(decision="reject") == "rejected"
    assert ended(decision="reject", counts=False) is None
    assert ended() is None


def test_A22_a_late_answer_ends_it_as_expired() -> None:
    assert ended(counts=False, at=AT + timedelta(hours=2)) == "expired"


def test_X63_too_many_answers_that_do_not_count_end_it() -> None:
    assert ended(TOO_MANY - 1, counts=False) is None
    assert ended(TOO_MANY, counts=False) == "too many"
    assert ended(TOO_MANY) is None


def answer(question: str, counts: bool = True) -> Decided:
    made = approval().model_copy(update={"question": question})
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
        (FIRST.deciding(answer("q-1")), "2", AT + HOUR / 2, AT + HOUR / 2 + DAY),  # rejected
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
