"""What a decision is about, and whether it still is. Pure: no clock, no server."""

from slipway.decision import Act, Approval, Subject
from slipway.model import Change, Image


def subject(service: str, change: Change, image: Image, act: Act = "promote") -> Subject:
    """What a person decides about who is shown this change."""
    return Subject(
        act=act,
        service=service,
        environment=change.environment,
        version=image.version,
        digest=image.digest,
        fingerprint=change.fingerprint,
    )


def still_holds(approval: Approval, asked: Subject, change: Change) -> bool:
    """Whether a recorded approval covers this subject.

    The edits must be the ones that were shown, or there must be none left to make (they were
    written before an interruption).
    """
    covered = approval.subject
    if not change.edits:
        covered = covered.model_copy(update={"fingerprint": asked.fingerprint})
    return approval.decision == "approve" and covered == asked
