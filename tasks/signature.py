"""What an answer was signed over, and whether the signature is the approver's."""

from slipway.gates.dossier import Asked
from slipway.service import Gate, Service
from slipway.value import Value
from tasks.answers import Answer


class Examined(Value):
    """What a signature says."""

    statement: str = ""  # that it had to be made over; empty where none is asked for
    fault: str = ""  # one sentence; empty: it is the approver's, or none is asked for


def examine(asked: Asked, answer: Answer, gate: Gate, service: Service) -> Examined:
    """Look at an answer's signature. Raises Retryable where that cannot be done now."""
    if gate.identity == "form" or not answer.signature:
        return Examined()  # what is missing is judged with everything else
    return Examined(fault=f"signatures cannot be checked for {service.service} ({asked.key})")
