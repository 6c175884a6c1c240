"""The question people are asked, made once, and the record of every answer."""

from collections.abc import Sequence

from prefect.artifacts import Artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from slipway.decision import Approval, OpenQuestion, Question, Subject
from slipway.gates.authors import Authors
from slipway.gates.dossier import Asked
from slipway.gates.quorum import Rules, why_not
from slipway.ledger.entries import Decided
from slipway.model import Candidate, Change, Proof
from slipway.questions import Poll, decision_record, promotion_text, question, title
from slipway.release.unreleased import unreleased
from slipway.service import Environment, Gate, Service
from slipway.value import Value
from tasks.answers import Answer
from tasks.environment import run_id, say, settings
from tasks.people import gate_now
from tasks.report import artifact_key
from tasks.retries import step
from tasks.signature import examine


class Told(Value):
    """What is to be decided, in words, and whose work it is."""

    text: str  # Markdown
    authors: Authors


@step("describe promotion", "describe {environment.name}", timeout=300)
def describe_promotion(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    change: Change,
    proofs: Sequence[Proof],
) -> Told:
    new = unreleased(service, candidate.release, change, settings())
    text = promotion_text(candidate, change, proofs, new.commits)
    return Told(text=text, authors=new.authors)


# Read anew at each call: whoever lost the right to approve has lost it for this run too.
@step("read gate", "read gate of {environment}", timeout=30, cache=NO_CACHE)
def read_gate(service: str, environment: str, began: Gate) -> Gate:
    return gate_now(service, environment, began)


@step("prepare question", "ask for {asked.subject.environment}", timeout=60)
def prepare_question(asked: Asked, text: str, poll: Poll) -> Question:
    about = asked.subject
    whole = question(about, text, poll)
    create_markdown_artifact(
        key=artifact_key(about.service, "question"),
        markdown=whole,
        description=f"{title(about)} It waits for an answer.",
    )
    Artifact(
        type="slipway-question",
        key=artifact_key(about.service, "statement"),
        description=f"{title(about)} What an answer is signed over.",
        data=_open_question(asked, whole, poll.rules),
    ).create()
    say(f"{about.environment} waits for people until {asked.expires:%Y-%m-%d %H:%M} UTC")
    return Question(key=asked.key, subject=about, text=whole, expires=asked.expires)


def _open_question(asked: Asked, text: str, rules: Rules) -> dict[str, object]:
    """The question for programs."""
    return OpenQuestion(
        key=asked.key,
        subject=asked.subject,
        expires=asked.expires,
        identity=rules.gate.identity,
        approvers=rules.gate.approvers,
        text=text,
    ).model_dump(mode="json")


@step("record answer", "{answer.decision} by {answer.approver}", timeout=600)
def record_answer(
    asked: Asked,
    answer: Answer,
    about: Subject,
    change: Change,
    rules: Rules,
    given: tuple[Approval, ...],
    service: Service,
) -> Decided:
    examined = examine(asked, answer, rules.gate, service)
    approval = Approval(
        decision=answer.decision,
        approver=answer.approver,
        reason=answer.reason,
        at=answer.at,
        subject=asked.subject,
        question=asked.key,
        run=run_id(),
        statement=examined.statement,
        signature=answer.signature if rules.gate.identity == "signature" else "",
    )
    against = answer.fault or why_not(approval, asked, about, change, rules, given, examined.fault)
    decided = Decided(approval=approval, counts=not against, why_not=against)
    create_markdown_artifact(
        key=artifact_key(service.service, "decision"),
        markdown=decision_record(decided),
        description=f"{asked.subject.environment} {asked.subject.version}: {answer.decision}",
    )
    place = asked.subject.environment
    say(f"{place}: {answer.decision} by {answer.approver}: {answer.reason}")
    if against:
        say(f"{place}: the answer does not count: {against}")
    return decided
