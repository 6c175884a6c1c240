"""`slipway approve` and `slipway reject`: answer the question a run waits with."""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from slipway.answering import Decision, answer_to
from slipway.cli.person import who
from slipway.clients.prefect import Prefect, Run
from slipway.decision import OpenQuestion
from slipway.errors import Retryable, SlipwayError
from slipway.settings import prefect_access

_LOOKS = 20  # after the answer, a quarter of a second apart
_PAUSES = (1, 2, 4, 8)  # seconds before the answer is sent again to a server that is busy


@dataclass(frozen=True)
class Given:
    """What was typed."""

    run: str
    reason: str
    name: str | None
    key: Path | None
    yes: bool
    as_json: bool


def answer(decision: Decision, given: Given) -> int:
    """Show the question, ask whether it is meant, and send the answer; 0 when it was taken."""
    try:
        access = prefect_access()
        with Prefect(access.api_url, access.api_auth_string) as prefect:
            run = prefect.run(given.run)
            question = prefect.question(run)
            sent = answer_to(question, run.id, decision, who(given.name), given.reason, given.key)
            if not given.yes and not _meant(decision, question):
                print("nothing was sent", file=sys.stderr)
                return 1
            _send(prefect, run, sent)
            state = _state_after(prefect, run)
    except SlipwayError as error:
        told = {"accepted": False, "error": error.message, "hint": error.hint}
        print(json.dumps(told) if given.as_json else error)
        return 1
    done = {"accepted": True, "run": run.id, "name": run.name, "state": state, **sent}
    done.pop("signature", None)
    told_text = f"{run.name}: {decision} by {sent['approver']}; the run is {state}"
    print(json.dumps(done) if given.as_json else told_text)
    return 0


def _send(prefect: Prefect, run: Run, sent: dict[str, str]) -> None:
    """Send the answer, again where it is not known to have come; one answer counts."""
    for pause in _PAUSES:
        try:
            return prefect.answer(run, sent)
        except Retryable:
            time.sleep(pause)
            if not prefect.run(run.id).waits:
                return None  # it had come
    return prefect.answer(run, sent)


def _meant(decision: str, question: OpenQuestion) -> bool:
    """Whether the person at the terminal says yes; without one, nobody does."""
    print(question.text, file=sys.stderr)
    if not sys.stdin.isatty():
        print("add --yes to answer without a terminal", file=sys.stderr)
        return False
    print(f"\n{decision}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _state_after(prefect: Prefect, run: Run) -> str:
    """What the run is a moment later; a worker takes it up by itself."""
    for _ in range(_LOOKS):
        now = prefect.run(run.id)
        if not now.waits:
            return now.state
        time.sleep(0.25)
    return now.state
