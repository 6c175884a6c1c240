"""Recorded answers, for tests."""

from datetime import UTC, datetime
from typing import Any

from slipway.decision import Approval, Subject

AT = datetime(2026, 1, 2, tzinfo=UTC)


def approval(
    decision: str = "approve",
    approver: str = "ana@example.com",
    reason: str = "looks good",
    at: datetime = AT,
    run: str = "run-1",
    **subject: Any,
) -> Approval:
    """Ana's approval of books-api 1.1.0 for production, unless told otherwise."""
    about = {
        "service": "books-api", "environment": "production", "version": "1.1.0",
        "digest": f"sha256:{'c' * 64}", "fingerprint": "f" * 64,
    }  # fmt: skip
    return Approval.model_validate(
        {
            "decision": decision, "approver": approver, "reason": reason, "at": at, "run": run,
            "subject": Subject.model_validate(about | subject), "question": f"{run}-1",
        }
    )  # fmt: skip
