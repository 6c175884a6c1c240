"""Who may decide. Pure: no clock, no server."""

import unicodedata
from collections.abc import Iterable


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
