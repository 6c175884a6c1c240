"""Take an environment back to what was proven there before, and prove that too.

Always by a change in Git: an engine's own rollback would be undone by the next look at Git.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.runtime import flow_run

from flows.approval import ask_people
from slipway.errors import Closed, Final, NotProven, Retryable, RolledBack, SlipwayError
from slipway.gates.binding import subject
from slipway.model import Candidate, Promotion, Proof
from slipway.rollback import Back
from slipway.rollback.text import rollback_text
from slipway.service import Environment, Service
from tasks.answers import read_dossier
from tasks.evidence import verify_image
from tasks.ledger import keep_proof
from tasks.rollback import (
    begin_rollback,
    find_rollback,
    plan_rollback,
    report_rollback,
    was_proven_before,
    write_rollback,
)
from tasks.show import show_proof
from tasks.smoke import smoke_test
from tasks.sync import wait_for_sync

_ASKED = "the attempt before could not tell, see the run's log"


@contextmanager
def undone_on_failure(
    service: Service, environment: Environment, candidate: Candidate, promotion: Promotion
) -> Iterator[None]:
    """With `on_failure: rollback`, a proof that fails inside takes the environment back, once.

    Raises RolledBack after that. A proof that is only unknown takes nothing back by itself: people
    are asked, where there is a gate; once they are, what is inside is not tried again.
    """
    if environment.on_failure != "rollback":
        yield
        return
    if _is_asked(environment):
        raise _as_people_say(service, environment, candidate, promotion, _ASKED)
    try:
        yield
    except Closed:
        raise
    except NotProven as error:
        if not promotion.committed and was_proven_before(service, environment, candidate.image):
            raise _left(error, "this image was proven here before, it is not what is new") from None
        raise _after(error, service, environment, candidate, promotion) from None
    except Retryable as error:
        if environment.gate is None or not environment.gate.approvers:
            hint = f"{error.hint}; retry the run to look again, or run the flow rollback"
            raise Retryable(error.message, hint, error.retry_after) from None
        said = error.message
        raise _as_people_say(service, environment, candidate, promotion, said) from None


def finish_rollback(service: Service, environment: Environment) -> None:
    """End the run as RolledBack where it had begun a rollback before it was stopped."""
    back = find_rollback(service, environment) if environment.on_failure == "rollback" else None
    if back:
        raise _gone_back(service, environment, back)


def take_back(service: Service, environment: Environment, back: Back) -> Proof:
    """Write the earlier version, wait until it is live, ask it: the steps of every promotion.

    Raises as those steps do.
    """
    release, image = back.to.release, back.to.image
    if environment.require:
        verify_image(service, environment, release, image)
    promotion = write_rollback(service, environment, back)
    sync = wait_for_sync(service, environment, image, promotion)
    smoke = smoke_test(environment, image, sync)
    proof = Proof(environment=environment.name, promotion=promotion, sync=sync, smoke=smoke)
    keep_proof(service, release, image, proof)
    show_proof(service, environment, back.leaving.version, image.version)
    report_rollback(service, back, proof)
    return proof


def _after(
    error: NotProven,
    service: Service,
    environment: Environment,
    candidate: Candidate,
    promotion: Promotion,
) -> SlipwayError:
    """How a run ends whose proof has failed: taken back, or the failure with the reason why not."""
    try:
        back = begin_rollback(
            service, environment, candidate.image, error.message, promotion.change
        )
    except (Final, Retryable) as trouble:
        return _left(error, trouble.message)
    return _gone_back(service, environment, back)


def _left(error: NotProven, why: str) -> NotProven:
    return NotProven(f"{error.message}\nNot rolled back: {why}", error.hint)


def _gone_back(service: Service, environment: Environment, back: Back) -> SlipwayError:
    """The end of a run that takes an environment back; there is no rollback of a rollback."""
    left, to, place = back.leaving.version, back.to.image.version, environment.name
    try:
        take_back(service, environment, back)
    except (Final, Retryable) as error:
        return type(error)(
            f"{place}: {left} failed: {back.reason}\nGoing back to {to} is not proven either:"
            f" {error.message}",
            f"look at {place} now; {error.hint}; retry the run to go on with the rollback",
        )
    return RolledBack(
        f"{place} runs {to} again, proven. {left} failed: {back.reason}",
        f"{left} is held in {place}: mend what failed and release a newer version",
    )


def _as_people_say(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    promotion: Promotion,
    unknown: str,
) -> SlipwayError:
    """Ask whether to go back although nothing is known to be wrong; how the run ends then.

    Raises as `ask_people` does; NotFound and Held where there is nothing to go back to.
    """
    gate = environment.gate
    assert gate is not None  # noqa: S101  # nobody is asked without one
    planned = plan_rollback(service, environment, candidate.image, unknown)
    about = subject(service.service, planned.change, planned.back.to.image, "roll-back")
    text = rollback_text(planned, unknown)
    approvals = ask_people(
        service, environment, gate, about, planned.change, text, str(flow_run.run_count)
    )
    who = ", ".join(f"{each.approver}: {each.reason}" for each in approvals)
    reason = f"it is not known whether it is well, and people decided ({who})"
    back = begin_rollback(service, environment, candidate.image, reason, promotion.change)
    return _gone_back(service, environment, back)


def _is_asked(environment: Environment) -> bool:
    """Whether this attempt of the run has asked people about a rollback already."""
    asked = read_dossier(environment.name, "roll-back").asked
    return bool(asked) and asked[-1].attempt == str(flow_run.run_count)
