"""A promotion that is refused in every way, and never happens."""

from dataclasses import dataclass

from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import ANA

WITHOUT_DECISION = {"approver": "ana@example.com", "reason": "not on a Friday"}
MALLORY = "mallory@example.com"


@dataclass
class Refusal:
    """What was seen of it, in this order."""

    run: str
    rejected: str  # message of the failure after an answer that left the default
    late: Json  # the reply to an approval after that
    keys: list[str]  # of the three questions
    stranger: str  # the run's state after a stranger approved
    cancelled: Json
    too_late: Json  # the reply to an approval after the cancellation
    decisions: list[str]
    refused: str  # what the log says about the stranger
    effects: Effects


def play(site: Installation) -> Refusal:
    """Reject by leaving the default, retry, let a stranger approve, cancel."""
    run = site.promote("refused", "1.1.0")
    keys = [site.question(run)]
    assert site.api.resume(run, WITHOUT_DECISION)["status"] == "ACCEPT"
    rejected = site.failed(run)
    late = site.api.resume(run, ANA)
    site.retry(run)
    keys.append(site.question(run))
    site.approve(run, approver=MALLORY)
    keys.append(site.question(run, after=keys[-1]))
    stranger = site.api.run(run)["state_name"]
    site.api.set_state(run, {"type": "CANCELLING"})
    cancelled = site.ended(run)
    return Refusal(
        run=run,
        rejected=rejected,
        late=late,
        keys=keys,
        stranger=stranger,
        cancelled=cancelled,
        too_late=site.api.resume(run, ANA),
        decisions=site.artifacts(run, "refused-decision"),
        refused=site.said(run, "does not count"),
        effects=site.outside.effects(run),
    )
