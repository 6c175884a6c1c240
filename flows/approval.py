"""Ask a person before an environment is touched, and keep the answer.

The run is suspended, not blocked: its process ends, and any worker goes on when somebody answers.
The question's key carries the attempt and the change, so a retry never meets the answer to another
question (docs/adr/0003-approval.md).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Literal

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.results import ResultStore, get_result_store
from prefect.runtime import flow_run
from pydantic import Field

from slipway.decision import Approval, Question, Subject
from slipway.errors import Rejected
from slipway.gates.binding import still_holds, subject
from slipway.gates.people import refusal
from slipway.model import Candidate, Change, Proof
from slipway.service import Environment, Gate, Service
from tasks.environment import run_id, say
from tasks.gitops import preview_change
from tasks.notify import tell_waiting
from tasks.question import prepare_question, record_decision


class Decision(RunInput):
    """The form. An empty one rejects, and a decision without a name or a reason is not accepted."""

    decision: Literal["reject", "approve"] = "reject"
    approver: str = Field(min_length=3, max_length=200, title="Your name, as in the service file")
    reason: str = Field(min_length=3, max_length=2000, title="Why")


def approve(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    proofs: Sequence[Proof],
) -> tuple[Approval, ...]:
    """The approvals of exactly this image and change; none where nobody is to be asked.

    Suspends the run until somebody answers. Raises Rejected.
    """
    gate = environment.gate
    if gate is None or not gate.approvers:
        return ()
    change = preview_change(service, environment, candidate.image)
    about = subject(service.service, change, candidate.image)
    approval = recall(about, change)
    if approval is None:
        approval = ask(service, environment, gate, candidate, change, about, proofs)
        remember(approval)
    return (approval,)


def ask(
    service: Service,
    environment: Environment,
    gate: Gate,
    candidate: Candidate,
    change: Change,
    about: Subject,
    proofs: Sequence[Proof],
) -> Approval:
    """Ask until somebody answers who may. Raises Rejected."""
    attempt = f"{environment.name}-{change.fingerprint[:12]}-{flow_run.run_count}"
    question = prepare_question(
        service, environment, gate, candidate, change, about, proofs, attempt
    )
    tell_waiting(question)
    for number in count(1):
        approval = _answer(service, question, f"{attempt}-{number}")
        refused = refusal(approval.approver, gate.approvers)
        if refused is None:
            return _accepted(approval)
        say(f"the answer does not count: {refused}; asking again")
    raise AssertionError("count() does not end")


def _answer(service: Service, question: Question, key: str) -> Approval:
    answer = suspend_flow_run(
        wait_for_input=Decision.with_initial_data(description=question.text),
        timeout=_seconds_until(question.expires),
        key=key,
    )
    return record_decision(
        service,
        question.subject,
        key,
        answer.decision,
        answer.approver.strip(),
        answer.reason.strip(),
    )


def _seconds_until(moment: datetime) -> int:
    """At least one: Prefect takes zero as 'for ever'."""
    return max(1, int((moment - datetime.now(UTC)).total_seconds()))


def _accepted(approval: Approval) -> Approval:
    if approval.decision == "approve":
        return approval
    place = approval.subject.environment
    raise Rejected(
        f"{place}: rejected by {approval.approver}: {approval.reason}",
        f"{place} was not touched; retry the run to ask again",
    )


def recall(about: Subject, change: Change) -> Approval | None:
    """The approval this run was given before, if it still covers what would be written."""
    store, key = _records(), _key(about)
    if not store.exists(key):
        return None
    approval = Approval.model_validate(store.read(key).result)
    return approval if still_holds(approval, about, change) else None


def remember(approval: Approval) -> None:
    """Keep the approval where results are kept: retries do not clear it, unlike a run's inputs."""
    _records().write(approval, key=_key(approval.subject))


def _records() -> ResultStore:
    """The run's result store; a flow's own keeps no metadata apart, which `write` would want."""
    return get_result_store().model_copy(update={"metadata_storage": None})


def _key(about: Subject) -> str:
    digest = about.digest.removeprefix("sha256:")
    return f"approval-{run_id()}-{about.environment}-{digest[:16]}"
