"""How a run ends, in a word that tells one end from another.

An error of ours that reaches the top becomes the run's state: named after what it means, its text
as the message, the error itself as the state's data, so a script that called the flow still gets
it raised. Prefect retries such a run as any other that failed. What is not ours is a bug, or
Prefect's own way of suspending and cancelling, and passes untouched.
"""

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_run_logger
from prefect.states import Completed

from slipway.errors import (
    Closed,
    Expired,
    Held,
    NotProven,
    Rejected,
    Retryable,
    RolledBack,
    SlipwayError,
    Superseded,
)
from slipway.text import paragraph
from tasks.notify import tell_delivered, tell_ended

P = ParamSpec("P")

# The first that fits counts. Every other error of ours is simply "Failed".
NAMES: dict[type[SlipwayError], str] = {
    Rejected: "Rejected",
    Expired: "Expired",
    Held: "Held",
    RolledBack: "RolledBack",
    NotProven: "NotProven",
    Superseded: "Superseded",
    Closed: "Closed",
    Retryable: "Unknown",  # it survived every attempt: nothing is known to be wrong, or right
}
_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")
_REPEATED = "Engine execution exited with unexpected exception"


def ends(flow: Callable[P, State[object]]) -> Callable[P, State[object]]:
    """The flow's function, ending by name: Rejected, Expired, Superseded, Held, and others."""

    @functools.wraps(flow)  # Prefect reads the parameters from the signature
    def ending(*args: P.args, **kwargs: P.kwargs) -> State[object]:
        _quiet()
        try:
            return flow(*args, **kwargs)
        except SlipwayError as error:
            state = ended(error)
            get_run_logger().error("%s: %s", state.name, state.message)
            tell_ended(str(state.name), str(state.message))
            return state
        except Exception as error:  # a defect; its text may hold anything
            tell_ended("Failed", f"{type(error).__name__}: the run's log tells more")
            raise

    return ending


def ended(error: SlipwayError) -> State[Any]:
    """The state of a run that ends with this error. Only what is superseded counts as cancelled."""
    name = next((name for kind, name in NAMES.items() if isinstance(error, kind)), "Failed")
    kind = StateType.CANCELLED if isinstance(error, Superseded) else StateType.FAILED
    return State(type=kind, name=name, message=paragraph(str(error)), data=error)


def delivered(service: str, version: str, environments: Sequence[str]) -> State[object]:
    """The state of a run that has proven a version, and whoever wants to know is told."""
    message = f"{service} {version} is proven in {', '.join(environments)}"
    tell_delivered(message)
    return Completed(message=message)


class _WithoutTraceback(logging.Filter):
    """Where the program was says nothing about an error of ours; its text says everything."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], SlipwayError):
            record.exc_info = None
            return not record.getMessage().startswith(_REPEATED)
        return True


_WITHOUT_TRACEBACK = _WithoutTraceback()


def _quiet() -> None:
    """Prefect logs errors with their traceback, and those of a flow twice."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_WITHOUT_TRACEBACK)  # a second time changes nothing
