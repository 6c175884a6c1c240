"""What a person signs: everything a decision is about, on one line. Pure."""

import json
from datetime import UTC, datetime
from typing import Literal

from slipway.decision import Subject

NAMESPACE = "slipway-approval"  # of the SSH signature; one for another purpose does not verify


def statement(
    question: str,
    subject: Subject,
    decision: Literal["approve", "reject"],
    approver: str,
    reason: str,
    expires: datetime,
    run: str,
) -> str:
    """Canonical JSON: the same values give the same line, and another value another one.

    It names question and run, so that it holds for nothing else; every character is printable
    ASCII.
    """
    known = {
        "type": f"{NAMESPACE}/v1",
        "question": question,
        "run": run,
        "subject": subject.model_dump(mode="json"),
        "decision": decision,
        "approver": approver,
        "reason": reason,
        "expires": expires.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
