"""Ask people before an environment is touched, and keep what they answer.

The run is suspended, not blocked: its process ends, and any worker goes on when somebody answers.
Each question has a key of its own, so a retry never meets the answer to another question; what was
asked and answered is kept in the run's dossier (docs/adr/0003-approval.md).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_hex

from prefect.flow_runs import suspend_flow_run
from prefect.runtime import flow_run

from slipway.decision import Approval, Subject
from slipway.errors import Expired, Final, Rejected
from slipway.gates.authors import Authors
from slipway.gates.binding import difference, subject
from slipway.gates.dossier import Asked, Dossier
from slipway.gates.quorum import TOO_MANY, Rules, has_ended, standing, unreachable
from slipway.ledger.entries import Decided
from slipway.model import Candidate, Change, Proof
from slipway.questions import Poll
from slipway.service import Environment, Gate, Service
from tasks.answers import form, keep, read_answer, read_dossier
from tasks.gitops import preview_change
from tasks.ledger import keep_decision
from tasks.notify import tell_waiting
from tasks.question import describe_promotion, prepare_question, read_gate, record_answer
from tasks.signature import proven_now


def approve(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    proofs: Sequence[Proof],
) -> tuple[Approval, ...]:
    """The approvals of exactly this image and change; none where nobody is to be asked.

    Suspends the run until enough people have answered. Raises as `ask_people` does.
    """
    gate = environment.gate
    if gate is None or not gate.approvers:
        return ()
    change = preview_change(service, environment, candidate.image)
    about = subject(service.service, change, candidate.image)
    now = read_gate(service.service, environment.name, gate)
    given = _given(service, now, read_dossier(environment.name, about.act), about, change)
    if len(given) >= now.quorum:
        return given
    told = describe_promotion(service, environment, candidate, change, proofs)
    attempt = str(flow_run.run_count)
    return ask_people(service, environment, gate, about, change, told.text, attempt, told.authors)


def is_asked(environment: Environment) -> bool:
    """Whether the run has a question open: its answer is read first, whatever the hour."""
    return read_dossier(environment.name, "promote").open is not None


def ask_people(
    service: Service,
    environment: Environment,
    gate: Gate,
    about: Subject,
    change: Change,
    text: str,
    attempt: str,
    authors: Authors = Authors(),  # noqa: B008  # frozen
) -> tuple[Approval, ...]:
    """The approvals of `about` by as many people as the gate asks for.

    Suspends the run, once for each answer that is missing; what was answered before is kept. `text`
    is Markdown that says what would be done, and `attempt` tells one try of the run from another: a
    rejection ends one. `authors` may not approve, unless the gate allows it.
    Raises Rejected (by a person, or after too many answers that do not count), Expired (an answer
    that came too late), Final (nobody is left who may approve).
    """
    rules = Rules(gate=read_gate(service.service, environment.name, gate), authors=authors)
    dossier = _answered(service, rules, about, change, attempt)
    given = _given(service, rules.gate, dossier, about, change)
    if len(given) >= rules.gate.quorum:
        return given
    _ask(rules, dossier, about, change, text, attempt, given)
    return ask_people(service, environment, gate, about, change, text, attempt, authors)


def _answered(
    service: Service, rules: Rules, about: Subject, change: Change, attempt: str
) -> Dossier:
    """The dossier, with the answer to the open question where there is one by now."""
    dossier = read_dossier(about.environment, about.act)
    asked = dossier.open
    answer = read_answer(asked.key) if asked else None
    if asked is None or answer is None:
        return dossier
    given = _given(service, rules.gate, dossier, about, change)
    decided = record_answer(asked, answer, about, change, rules, given, service)
    keep_decision(service, decided)
    dossier = keep(dossier.deciding(decided), about.environment, about.act)
    _refuse_ended(decided, dossier.not_counted(attempt), asked)
    return dossier


def _given(
    service: Service, gate: Gate, dossier: Dossier, about: Subject, change: Change
) -> tuple[Approval, ...]:
    """The approvals that count now; what is written already stays approved."""
    found = standing(dossier.decided, about, change, gate)
    if gate.identity == "form" or not change.edits:
        return found
    return proven_now(service, gate, found)


def _refuse_ended(decided: Decided, not_counted: int, asked: Asked) -> None:
    """Raise where an answer ends the run."""
    approval, place = decided.approval, asked.subject.environment
    stays = f"{place} was not touched"
    if asked.subject.act == "roll-back":
        stays = f"{place} keeps the version that was to be taken back, and its proof is unknown"
    hint = (
        f"{stays}; retry the run to {'look' if asked.subject.act == 'roll-back' else 'ask'} again"
    )
    match has_ended(decided, not_counted, asked.expires):
        case "rejected":
            raise Rejected(f"{place}: rejected by {approval.approver}: {approval.reason}", hint)
        case "expired":
            raise Expired(f"{place}: the answer by {approval.approver} came too late", hint)
        case "too many":
            raise Rejected(f"{place}: {TOO_MANY} answers that do not count", hint)


def _ask(
    rules: Rules, dossier: Dossier, about: Subject, change: Change, text: str, attempt: str,
    given: tuple[Approval, ...],
) -> None:  # fmt: skip
    """Suspend the run with one more question. Raises Final when no answer could help."""
    gate, place = rules.gate, about.environment
    expires = dossier.expiry(about, attempt, datetime.now(UTC), gate.expires)
    asked = Asked(
        key=f"{about.act}-{place}-{attempt}-{len(dossier.asked) + 1}-{token_hex(4)}",
        attempt=attempt,
        subject=about,
        edits=change.edits,
        expires=expires,
    )
    last = dossier.asked[-1] if dossier.asked else None
    poll = Poll(
        rules=rules,
        expires=expires,
        given=given,
        void=dossier.void(about),
        changed=difference(last, about, change) if last else (),
    )
    question = prepare_question(asked, text, poll)
    nobody = unreachable(rules, place, given)
    if nobody:
        raise Final(nobody, "name more approvers in the service file, or allow self_approval there")
    keep(dossier.asking(asked), place, about.act)
    tell_waiting(question)
    suspend_flow_run(
        wait_for_input=form(question.text, gate.identity),
        timeout=_seconds_until(expires),
        key=asked.key,
    )


def _seconds_until(moment: datetime) -> int:
    """At least one: Prefect takes zero as 'for ever'."""
    return max(1, int((moment - datetime.now(UTC)).total_seconds()))
