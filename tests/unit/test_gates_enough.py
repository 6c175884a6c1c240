"""Whether there are enough people and approvals, and when an answer ends it."""

from datetime import timedelta
from typing import Any

import pytest

from slipway.errors import Conflict
from slipway.gates.authors import Authors
from slipway.gates.people import stricter
from slipway.gates.quorum import (
    TOO_MANY,
    Rules,
    electorate,
    has_ended,
    require_people,
    unreachable,
)
from slipway.ledger.entries import Decided
from tests.answers import AT
from tests.unit.gate_values import (
    ANA,
    KIM,
    LEO,
    approval,
    asked,
    gate,
)


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
