"""Who may decide, now. Pure: no clock, no server."""

import unicodedata
from collections.abc import Iterable

from slipway.service import Gate


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


def listed_as(name: str, people: Iterable[str]) -> str:
    """How the list spells this person; `name` where it does not."""
    return next((each for each in people if same_person(each) == same_person(name)), name)


def stricter(began: Gate, now: Gate | None) -> Gate:
    """The gate a run began with, without what has been taken away meanwhile.

    Rights only shrink while a run waits: whoever was removed does not count, whoever was added was
    not on the list the run began with. A gate that is gone asks nobody, so it takes nothing away.
    """
    if now is None or not now.approvers:
        return began
    left = set(map(same_person, now.approvers))
    either = "refuse" in (began.self_approval, now.self_approval)
    return began.model_copy(
        update={
            "approvers": tuple(name for name in began.approvers if same_person(name) in left),
            "quorum": max(began.quorum, now.quorum),
            "self_approval": "refuse" if either else "allow",
            "signers": tuple(line for line in began.signers if line in now.signers),
            "revoked": tuple(dict.fromkeys((*began.revoked, *now.revoked))),
        }
    )
