"""Who may decide, and whether a recorded decision still holds. Pure: no clock, no server."""

import unicodedata
from collections.abc import Iterable

from slipway.model import Approval, Change, Image


def same_person(name: str) -> str:
    """`name` for comparison: Unicode compatibility form, case folded, outer blanks removed.

    Look-alike letters of other scripts stay different.
    """
    return unicodedata.normalize("NFKC", name).strip().casefold()


def refusal(approver: str, approvers: Iterable[str]) -> str | None:
    """Why this person's answer does not count, or None when it does."""
    allowed = tuple(approvers)
    if same_person(approver) in map(same_person, allowed):
        return None
    return f"'{approver}' is not an approver here; the service file names {', '.join(allowed)}"


def still_holds(approval: Approval, image: Image, change: Change) -> bool:
    """Whether a recorded approval covers this image and this change.

    The edits must be the ones that were shown, or there must be none left to make (they were
    written before an interruption).
    """
    same_image = (approval.version, approval.digest) == (image.version, image.digest)
    same_change = not change.edits or change.fingerprint == approval.fingerprint
    return approval.decision == "approve" and same_image and same_change
