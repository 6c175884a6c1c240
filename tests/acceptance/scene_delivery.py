"""The delivery that everything is killed under: what was seen, for many small tests."""

import time
from dataclasses import dataclass

import httpx

from sandbox import seed
from sandbox.prefect_api import Json, state_of
from tests.acceptance.installation import Installation
from tests.acceptance.outside import Effects
from tests.acceptance.runs import ANA, PATIENCE

# Tries to look like a trailer, like a table cell and like mark-up.
REASON = "looks good\n\nApproved-By: mallory@example.com\n| <b>bold</b> | \x1b[31m"
INVALID: dict[str, Json] = {
    "nothing at all": {},
    "an unknown decision": {**ANA, "decision": "maybe"},
    "no name": {**ANA, "approver": ""},
    "a name of the wrong type": {**ANA, "approver": 7},
    "a field too many": {**ANA, "also": "this"},
}


@dataclass
class Delivery:
    """What was seen of it, in this order."""

    run: str
    question: str  # Markdown
    form: Json  # JSON schema
    digest: str
    head: str  # of the application before its release
    children: list[str]  # processes of the runner while the run waits
    while_waiting: Effects
    answers: dict[str, tuple[int, Json, str]]  # HTTP status, reply, the run's state afterwards
    down: Exception | None  # what an approver gets while the server is away
    repeated: Json  # the reply to a second approval
    end: Json
    effects: Effects
    report: str
    decisions: list[str]
    nothing: str  # how the next delivery, of nothing new, ended
    again: list[tuple[str, Json]]  # name of the retry, and the run after it
    effects_again: Effects


def play(site: Installation) -> Delivery:
    """Suspend, kill everything, start everything, approve; then retry what is complete."""
    head = seed.next_change(site.world.git, 1)
    run = site.deliver("books")
    key = site.question(run)
    question, form = site.text(run, key), site.input(run, f"{key}-schema")
    children = _children_in_the_end(site)
    while_waiting = site.outside.effects(run)
    answers = {name: _answer(site, run, answer) for name, answer in INVALID.items()}
    down = _kill_and_start(site, run)
    site.approve(run, reason=REASON)
    repeated = site.api.resume(run, ANA)
    following = site.deliver("books")
    end, nothing = site.ended(run), state_of(site.ended(following))
    effects = site.outside.effects(run)
    again = [
        (name, _retried(site, run, force=force)) for name, force in (("", False), ("forced", True))
    ]
    return Delivery(
        run=run,
        question=question,
        form=form,
        digest=site.world.registry.store.manifest("parraletz/books-api", "1.1.0").digest,
        head=head,
        children=children,
        while_waiting=while_waiting,
        answers=answers,
        down=down,
        repeated=repeated,
        end=end,
        effects=effects,
        report=site.artifacts(run, "books-report")[-1],
        decisions=site.artifacts(run, "books-decision"),
        nothing=nothing,
        again=again,
        effects_again=site.outside.effects(run),
    )


def _children_in_the_end(site: Installation) -> list[str]:
    limit = time.monotonic() + 30
    while site.children() and time.monotonic() < limit:
        time.sleep(0.2)
    return site.children()


def _answer(site: Installation, run: str, answer: Json) -> tuple[int, Json, str]:
    response = site.http.post(f"/flow_runs/{run}/resume", json={"run_input": answer})
    return response.status_code, response.json(), site.api.run(run)["state_name"]


def _kill_and_start(site: Installation, run: str) -> Exception | None:
    """Runner and server are ended without a word; an approval meets nobody."""
    site.runner.kill()
    site.server.kill()
    down: Exception | None = None
    try:
        site.api.resume(run, ANA)
    except httpx.TransportError as error:
        down = error
    site.server.start()
    site.server.wait_until_ready(PATIENCE)
    site.start_runner()
    return down


def _retried(site: Installation, run: str, *, force: bool) -> Json:
    reply = site.api.retry(run, force=force)
    if reply["status"] == "ACCEPT":
        count = site.api.run(run)["run_count"]
        site.taken(run, after=count)
    return site.ended(run)
