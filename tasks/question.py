"""The question a person is asked, made once, and the record of every answer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from prefect.artifacts import create_markdown_artifact

from slipway.decision import Approval, Question, Subject
from slipway.model import Candidate, Change, Proof
from slipway.release.unreleased import commits_since
from slipway.report import approval_question, decision_record
from slipway.service import Environment, Gate, Service
from tasks.environment import run_id, say, settings
from tasks.report import artifact_key
from tasks.retries import step


# `attempt` is an input so that a retry asks anew; a resumed run finds the question it had asked.
@step("prepare question", "ask for {environment.name}", timeout=300)
def prepare_question(
    service: Service,
    environment: Environment,
    gate: Gate,
    candidate: Candidate,
    change: Change,
    about: Subject,
    proofs: Sequence[Proof],
    attempt: str,
) -> Question:
    commits = commits_since(service, candidate.release, change, settings())
    expires = datetime.now(UTC) + gate.expires
    text = approval_question(service, environment, candidate, change, proofs, commits, expires)
    create_markdown_artifact(
        key=artifact_key(service.service, "question"),
        markdown=text,
        description=f"{environment.name} {candidate.image.version} waits for an answer",
    )
    say(f"{environment.name} waits for a person until {expires:%Y-%m-%d %H:%M} UTC")
    return Question(key=attempt, subject=about, text=text, expires=expires)


@step("record decision", "{decision} by {approver}", timeout=60)
def record_decision(
    service: Service,
    about: Subject,
    question: str,
    decision: Literal["approve", "reject"],
    approver: str,
    reason: str,
) -> Approval:
    approval = Approval(
        decision=decision,
        approver=approver,
        reason=reason,
        at=datetime.now(UTC),
        subject=about,
        question=question,
        run=run_id(),
    )
    create_markdown_artifact(
        key=artifact_key(service.service, "decision"),
        markdown=decision_record(service, approval),
        description=f"{about.environment} {about.version}: {decision}",
    )
    say(f"{about.environment}: {decision} by {approver} (question {question}): {reason}")
    return approval
