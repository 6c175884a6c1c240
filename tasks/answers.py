"""Where an answer is read, and where a run keeps what it asked and was answered."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from prefect import get_client
from prefect.cache_policies import NO_CACHE
from prefect.input import RunInput
from prefect.results import ResultStore, get_result_store
from pydantic import Field, ValidationError

from slipway.decision import Act
from slipway.gates.dossier import Dossier
from slipway.text import printable
from slipway.value import Value
from tasks.environment import run_id
from tasks.retries import step


class Decision(RunInput):
    """The form. An empty one rejects, and a decision without a name or a reason is not accepted."""

    decision: Literal["reject", "approve"] = Field(default="reject", title="Your decision")
    approver: str = Field(min_length=3, max_length=200, title="Your name, as in the service file")
    reason: str = Field(min_length=3, max_length=2000, title="Why")


class SignedDecision(Decision):
    """The form where a name has to be proven. Without a signature nothing of it counts."""

    signature: str = Field(default="", max_length=10_000, title="SSH signature of the statement")


def form(text: str, identity: Literal["form", "signature"]) -> type[Decision]:
    """The form below a question; `text` is the question's Markdown."""
    kind = SignedDecision if identity == "signature" else Decision
    return kind.with_initial_data(description=text)


class Answer(Value):
    """What somebody sent as an answer, and when it arrived."""

    decision: Literal["reject", "approve"] = "reject"
    approver: str
    reason: str
    signature: str = ""
    at: datetime  # UTC
    fault: str = ""  # one sentence: why it is no answer


# Asked anew at each call: an answer comes while nobody looks.
@step("read answer", "read answer to {key}", timeout=60, cache=NO_CACHE)
def read_answer(key: str) -> Answer | None:
    name = f"suspended-{key}-response"
    with get_client(sync_client=True) as client:
        found = client.filter_flow_run_input(UUID(run_id()), name, limit=1, exclude_keys=set())
    sent = next((each for each in found if each.key == name), None)
    if sent is None or sent.created is None:
        return None
    return parsed(sent.value, sent.created)


def parsed(text: str, at: datetime) -> Answer:
    """The JSON of an answer; one that does not fit the form rejects nothing and approves nothing.

    Prefect checks what comes by its form, and nothing that is stored past it.
    """
    try:
        sent = SignedDecision.model_validate_json(text)
    except ValidationError:
        fault = "it is not a filled-in form"
        return Answer(approver="nobody", reason=printable(text), at=at, fault=fault)
    return Answer(
        decision=sent.decision,
        approver=sent.approver.strip(),
        reason=sent.reason.strip(),
        signature=sent.signature.strip(),
        at=at,
    )


def read_dossier(environment: str, act: Act) -> Dossier:
    """What this run asked and was answered; empty where nothing was.

    Empty too where it was cut off by a loss of power: everything is asked anew then.
    """
    store, key = _records(), _key(environment, act)
    return Dossier.model_validate(store.read(key).result) if store.exists(key) else Dossier()


def keep(dossier: Dossier, environment: str, act: Act) -> Dossier:
    """Keep it where results are kept: retries do not clear it, unlike a run's inputs."""
    _records().write(dossier, key=_key(environment, act))
    return dossier


def _records() -> ResultStore:
    """The run's result store; a flow's own keeps no metadata apart, which `write` would want."""
    return get_result_store().model_copy(update={"metadata_storage": None})


def _key(environment: str, act: Act) -> str:
    return f"answers-{run_id()}-{act}-{environment}"
