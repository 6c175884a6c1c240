"""A promotion that only a signature lets pass."""

from dataclasses import dataclass
from datetime import datetime

from sandbox.prefect_api import Json
from slipway.decision import Subject
from slipway.gates.statement import statement
from tests.acceptance.installation import Installation
from tests.acceptance.runs import ANA
from tests.acceptance.services import SEALED


@dataclass
class Signature:
    """What was seen of it, in this order."""

    first: str  # the question
    texts: list[str]  # after: a typed answer; the same with another's signature; a replayed one
    message: str  # of the GitOps commit
    decisions: list[str]
    allowed: str  # the line of the allowed_signers file


def play(site: Installation) -> Signature:
    """Type an answer, sign with another key, replay a signature; then sign."""
    run = site.promote(SEALED, "1.1.0")
    key = site.question(run)
    first, opened = site.text(run, key), site.open_question(run, SEALED)
    texts = []
    old = site.keys.sign("ana", _statement(run, opened))
    for signer in ("", "mallory", "replayed", "ana"):
        opened = site.open_question(run, SEALED)
        made = old if signer == "replayed" else ""
        if signer in ("ana", "mallory"):
            made = site.keys.sign(signer, _statement(run, opened))
        site.approve(run, signature=made)
        if signer != "ana":
            key = site.question(run, after=key)
            texts.append(site.text(run, key))
    return Signature(
        first=first,
        texts=texts,
        message=site.written(run),
        decisions=site.artifacts(run, f"{SEALED}-decision"),
        allowed=f"ana@example.com {site.keys.public('ana')}",
    )


def _statement(run: str, opened: Json) -> str:
    """What there is to sign about a question, for Ana's approval."""
    subject = Subject.model_validate(opened["subject"])
    expires = datetime.fromisoformat(opened["expires"])
    return statement(
        opened["key"], subject, "approve", ANA["approver"], ANA["reason"], expires, run
    )
