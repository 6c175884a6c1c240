"""The message of the commit that carries an image into an environment. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC

from slipway.decision import Approval
from slipway.manifests.edits import identity
from slipway.model import Image
from slipway.service import Service
from slipway.text import printable

_ROOM = 40_000  # characters for all approvals; forges take 65,536 in a pull request's message
_WORD = re.compile(r"\{(service|environment|version|digest)\}")


def commit_message(
    service: Service, environment: str, image: Image, run: str, approvals: Sequence[Approval]
) -> str:
    """Subject (`gitops.message`) and trailers of the commit; no value can add a line."""
    trailers = identity(service.service, environment, image) | {"Slipway-Run": run}
    lines = [f"{name}: {printable(value)}" for name, value in trailers.items()]
    lines += _approved(approvals or ())
    known = {
        "service": service.service, "environment": environment,
        "version": image.version, "digest": image.digest,
    }  # fmt: skip
    subject = printable(_WORD.sub(lambda found: known[found[1]], service.gitops.message))
    return "\n".join([subject, "", *lines]) + "\n"


def undo_trailers(leaving: Image, reason: str) -> str:
    """The trailers, after the others, by which a commit says that it is a rollback."""
    failed, why = printable(leaving.version), printable(reason)
    return f"Slipway-Rollback-Of: {failed}\nSlipway-Reason: {why}\n"


def _approved(approvals: Sequence[Approval]) -> list[str]:
    """The trailers that tell of the approvals; evidence only as far as there is room for it."""
    lines: list[str] = []
    for number, approval in enumerate(approvals):
        block = [*_decided(approval), *_evidence(approval)]
        if len("\n".join([*lines, *block])) > _ROOM:
            left = len(approvals) - number
            return [*lines, f"Approvals-Left-Out: {left}; the records of the run hold them all"]
        lines += block
    return lines


def _decided(approval: Approval) -> list[str]:
    """The trailers that tell of one approval."""
    at = approval.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    reason = printable(approval.reason)
    return [
        f"Approved-By: {printable(approval.approver)}",
        f"Approved-At: {at}",
        *([f"Approval-Reason: {reason}"] if reason else []),
    ]


def _evidence(approval: Approval) -> list[str]:
    """What was signed, and the signature without its armor: `ssh-keygen -Y verify` takes both.

    A statement is quoted to the letter or not at all: another one would not verify.
    """
    statement, armored = approval.statement, approval.signature.splitlines()
    signature = "".join(line.strip() for line in armored if not line.startswith("-----"))
    fits = statement.isprintable() and statement.strip() == statement
    if not (statement and fits and signature.isprintable()):
        return []
    return [f"Approval-Statement: {statement}", f"Approval-Signature: {signature}"]
