"""Answer the question of a suspended run, as one of its approvers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from slipway.clients.openssh import sign
from slipway.decision import OpenQuestion
from slipway.errors import Expired, InvalidInput
from slipway.gates.people import listed_as
from slipway.gates.statement import statement
from slipway.text import printable

Decision = Literal["approve", "reject"]


def require_answerable(question: OpenQuestion, approver: str, now: datetime) -> str:
    """The approver as the service file spells the name.

    Raises InvalidInput for a name that is not on the list, Expired after the question's time. The
    run looks at both once more.
    """
    if now > question.expires:
        raise Expired(
            f"the question is closed since {question.expires:%Y-%m-%d %H:%M} UTC",
            "retry the run to ask anew",
        )
    name = listed_as(approver, question.approvers)
    if name not in question.approvers:
        raise InvalidInput(
            f"{printable(approver) or 'nobody'} may not answer",
            f"with --as, name one of: {', '.join(map(printable, question.approvers))}",
        )
    return name


def answer_to(
    question: OpenQuestion,
    run: str,
    decision: Decision,
    approver: str,
    reason: str,
    key: Path | None,
) -> dict[str, str]:
    """What is sent to the run; signed by the key where the gate asks for it.

    Raises InvalidInput for a reason that is too short or a key that is missing, Final where
    ssh-keygen does not sign.
    """
    if len(reason.strip()) < 3:
        raise InvalidInput("the reason is empty", "say why, in a few words: it is kept")
    name = require_answerable(question, approver, datetime.now(UTC))
    sent = {"decision": decision, "approver": name, "reason": reason.strip()}
    if question.identity == "form":
        return sent
    if key is None:
        raise InvalidInput(
            "this answer has to be signed",
            "name the file of your SSH key with --key; the public one, if an agent has the other",
        )
    text = statement(
        question.key, question.subject, decision, name, reason.strip(), question.expires, run
    )
    return sent | {"signature": sign(text, key)}
