"""What an answer was signed over, and whether the signature is the approver's."""

from collections.abc import Sequence

from prefect.cache_policies import NO_CACHE

from slipway.clients.openssh import verify
from slipway.decision import Approval
from slipway.gates.dossier import Asked
from slipway.gates.people import listed_as
from slipway.gates.statement import statement
from slipway.gitops.signers import signers_of
from slipway.service import Gate, Service
from slipway.value import Value
from tasks.answers import Answer
from tasks.environment import run_id, settings
from tasks.retries import step


class Examined(Value):
    """What a signature says."""

    statement: str = ""  # that it had to be made over; empty where none is asked for
    fault: str = ""  # one sentence; empty: it is the approver's, or none is asked for


def examine(asked: Asked, answer: Answer, gate: Gate, service: Service) -> Examined:
    """Look at an answer's signature. Raises Retryable where that cannot be done now."""
    if gate.identity == "form":
        return Examined()
    text = statement(
        asked.key, asked.subject, answer.decision, answer.approver, answer.reason, asked.expires,
        run_id(),
    )  # fmt: skip
    if not answer.signature:
        return Examined(statement=text)  # what is missing is judged with everything else
    who = listed_as(answer.approver, gate.approvers)
    signers = signers_of(service, gate, settings())
    fault = verify(text, answer.signature, who, signers, gate.revoked, answer.at)
    return Examined(statement=text, fault=fault or "")


# Looked at anew each time: a key may have been revoked since.
@step("check signatures", "check signatures", timeout=300, cache=NO_CACHE)
def proven_now(service: Service, gate: Gate, approvals: Sequence[Approval]) -> tuple[Approval, ...]:
    return still_proven(service, gate, approvals)


def still_proven(
    service: Service, gate: Gate | None, approvals: Sequence[Approval]
) -> tuple[Approval, ...]:
    """The approvals whose signature still is by one of the keys that count."""
    if gate is None or gate.identity == "form" or not approvals:
        return tuple(approvals)
    signers = signers_of(service, gate, settings())

    def fault(given: Approval) -> str | None:
        who = listed_as(given.approver, gate.approvers)
        return verify(given.statement, given.signature, who, signers, gate.revoked, given.at)

    return tuple(each for each in approvals if fault(each) is None)
