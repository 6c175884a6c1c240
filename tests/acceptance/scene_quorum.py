"""A promotion that two people have to approve, while the list of approvers changes."""

from dataclasses import dataclass

from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation
from tests.acceptance.runs import ANA as APPROVAL
from tests.acceptance.services import CREW

ANA, LEO, KIM = "ana@example.com", "leo@example.com", "kim@example.com"
MIA = "mia@example.com"  # made every commit of the sample


@dataclass
class Quorum:
    """What was seen of it, in this order."""

    nobody: Json  # the run that no one but the author could approve, at its end
    author: str  # the question after the author approved
    one: str  # the question after the first approval that counts
    malformed: str  # the question after an answer past the form, and a retry
    removed: str  # the question after the second approval, the first one's giver being removed
    decisions: list[str]  # records of the answers
    open_question: Json  # the last one, as a program reads it
    key: str  # of the last question
    message: str  # of the GitOps commit
    run: str


def play(site: Installation) -> Quorum:
    """Let the author, Ana, nobody, Leo and Kim answer; remove Ana in between."""
    site.crew([MIA])
    nobody = site.ended(site.promote(CREW, "1.1.0"))
    site.crew([MIA, ANA, LEO, KIM], quorum=2)
    run = site.promote(CREW, "1.1.0")
    key = site.question(run)
    texts = []
    for approver in (MIA, ANA):
        site.approve(run, approver=approver)
        key = site.question(run, after=key)
        texts.append(site.text(run, key))
    site.send_past_the_form(run, key, {"decision": "approve", "also": "this"})
    site.retry(run, force=True)
    key = site.question(run, after=key)
    texts.append(site.text(run, key))
    site.crew([MIA, LEO, KIM, "new@example.com"], quorum=2)
    # As if the process had died between the answer and its reading: nobody resumes the run.
    site.send_past_the_form(run, key, {**APPROVAL, "approver": LEO})
    site.retry(run, force=True)
    key = site.question(run, after=key)
    texts.append(site.text(run, key))
    open_question = site.open_question(run, CREW)
    site.approve(run, approver=KIM)
    message = site.written(run)
    return Quorum(
        nobody, *texts, site.artifacts(run, f"{CREW}-decision"), open_question, key, message, run
    )
