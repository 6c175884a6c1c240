"""A question that nobody answers, twice."""

from dataclasses import dataclass

from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import ANA, PATIENCE


@dataclass
class Expiry:
    """What was seen of it, in this order."""

    run: str
    first: Json  # the state it ended in
    late: Json  # the reply to an approval after that
    second: Json  # the state it ended in after a retry
    questions: list[str]  # keys of the questions it waited with
    effects: Effects


def play(site: Installation) -> Expiry:
    """Wait for the end, approve too late, retry, wait again."""
    run = site.promote("brief", "1.1.0")
    first = _expired(site, run)
    late = site.api.resume(run, ANA)
    site.retry(run)
    second = _expired(site, run)
    return Expiry(
        run=run,
        first=first,
        late=late,
        second=second,
        questions=[
            str(state["state_details"]["pause_key"]) for state in site.states(run, "Suspended")
        ],
        effects=site.outside.effects(run),
    )


def _expired(site: Installation, run: str) -> Json:
    """Prefect fails the run; a moment later the automation says why."""
    found = site.api.wait(run, lambda now: now["state_name"] == "Expired", PATIENCE)
    return dict(found["state"])
