"""Which answers count, which of them still do, and whether they are enough. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from slipway.decision import Approval, Subject
from slipway.errors import Conflict
from slipway.gates.authors import Authors, as_author
from slipway.gates.binding import difference, still_holds
from slipway.gates.dossier import Asked
from slipway.gates.people import refusal, same_person
from slipway.ledger.entries import Decided
from slipway.model import Change
from slipway.service import Gate
from slipway.text import printable
from slipway.value import Value

TOO_MANY = 20  # answers that do not count, in one attempt


class Rules(Value):
    """By which an answer is judged: the gate as it is now, and who made what is released."""

    gate: Gate
    authors: Authors = Authors()  # of the commits that would be let in


def standing(
    decided: Iterable[Decided], about: Subject, change: Change, gate: Gate
) -> tuple[Approval, ...]:
    """The approvals that count now, a person's newest, in the order in which people came first.

    Where nothing is left to write they count even if the person has lost the right since: what they
    approved was written while they had it.
    """
    found: dict[str, Approval] = {}
    for each in decided:
        approval = each.approval
        may = not change.edits or refusal(approval.approver, gate.approvers) is None
        if each.counts and may and still_holds(approval, about, change):
            found[same_person(approval.approver)] = approval
    return tuple(found.values())


def why_not(
    answer: Approval, asked: Asked, about: Subject, change: Change, rules: Rules,
    given: Sequence[Approval], fault: str | None = None,
) -> str:  # fmt: skip
    """Why an answer does not count, in one sentence; empty when it does.

    `asked` is the question that was answered, `about` and `change` what there is to decide now,
    `given` the approvals that count already, `fault` what is wrong with the answer's signature.
    """
    if answer.at > asked.expires:
        return f"it was given after the question had expired ({asked.expires:%Y-%m-%d %H:%M} UTC)"
    if asked.subject != about:
        return f"what it was about has changed: {'; '.join(difference(asked, about, change))}"
    stranger = refusal(answer.approver, rules.gate.approvers)
    unproven = fault or _unsigned(answer, rules.gate)
    if stranger or unproven:
        return stranger or f"{_called(answer)} has not proven who answered: {unproven}"
    # One rejection is enough, and an author may stop their own work.
    return "" if answer.decision == "reject" else _may_not_approve(answer, rules, given)


def _unsigned(answer: Approval, gate: Gate) -> str:
    if gate.identity == "form" or answer.signature:
        return ""
    return "the answer is not signed"


def _may_not_approve(answer: Approval, rules: Rules, given: Sequence[Approval]) -> str:
    author = barred(answer.approver, rules)
    if author:
        return f"{_called(answer)} may not approve their own work, as {printable(author)}"
    if same_person(answer.approver) in {same_person(each.approver) for each in given}:
        return f"{_called(answer)} has approved already; another approver is asked for"
    return ""


def _called(answer: Approval) -> str:
    return f"'{printable(answer.approver)}'"


def barred(approver: str, rules: Rules) -> str | None:
    """The author that keeps this person from approving; None where none does."""
    if rules.gate.self_approval == "allow":
        return None
    return as_author(approver, rules.authors.names)


class Electorate(NamedTuple):
    """Who may approve, and who of the approvers may not, and why."""

    may: tuple[str, ...]
    may_not: tuple[tuple[str, str], ...]


def electorate(rules: Rules) -> Electorate:
    """The approvers, parted by whether they are authors."""
    may, may_not = [], []
    for name in rules.gate.approvers:
        author = barred(name, rules)
        if author:
            may_not.append((name, f"an author of what is released, as {author}"))
        else:
            may.append(name)
    return Electorate(tuple(may), tuple(may_not))


def unreachable(rules: Rules, place: str, given: Sequence[Approval] = ()) -> str | None:
    """Why the quorum cannot be reached whoever answers; None when it can."""
    may, may_not = electorate(rules)
    possible = {same_person(name) for name in may} | {same_person(a.approver) for a in given}
    if len(possible) >= rules.gate.quorum:
        return None
    left = ", ".join(map(printable, may)) or "nobody"
    others = "; ".join(f"{printable(name)} is {printable(why)}" for name, why in may_not)
    needed = "approval is" if rules.gate.quorum == 1 else "approvals are"
    return f"{place}: {rules.gate.quorum} {needed} needed, and {left} may approve" + (
        f" ({others})" if others else ""
    )


def require_people(gate: Gate | None, place: str, approvals: Sequence[Approval]) -> None:
    """Raise Conflict unless enough of those who may approve now have done so."""
    if gate is None or not gate.approvers:
        return
    valid = {
        same_person(approval.approver)
        for approval in approvals
        if approval.decision == "approve"
        and refusal(approval.approver, gate.approvers) is None
        and (approval.signature or gate.identity == "form")
    }
    if len(valid) >= gate.quorum:
        return
    raise Conflict(
        f"{place} is changed only with an approval by {gate.quorum} of"
        f" {', '.join(map(printable, gate.approvers)) or 'nobody'}; {len(valid)} of those given"
        f" count now",
        "retry the run: it asks those who may approve now",
    )


def has_ended(answer: Decided, not_counted: int, expires: datetime) -> str | None:
    """How an answer ends the attempt ("rejected", "expired", "too many"); None: it does not."""
    if answer.counts:
        return "rejected" if answer.approval.decision == "reject" else None
    if answer.approval.at > expires:
        return "expired"
    return "too many" if not_counted >= TOO_MANY else None
