"""Errors become states that can be told apart; everything else passes."""

import inspect
from collections.abc import Callable

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort, Pause, TerminationSignal
from prefect.states import Completed

from flows.ending import NAMES, ended, ends
from flows.serve import FLOWS
from slipway import errors
from slipway.errors import SlipwayError
from slipway.notices import ENDINGS

KINDS: list[type[SlipwayError]] = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, SlipwayError)
]
EXPECTED = {
    "Rejected": "Rejected",
    "Expired": "Expired",
    "Held": "Held",
    "RolledBack": "RolledBack",
    "NotProven": "NotProven",
    "Superseded": "Superseded",
    "Closed": "Closed",
    "Retryable": "Unknown",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_A66_each_error_ends_in_the_state_that_is_named_after_it(kind: type[SlipwayError]) -> None:
    state = ended(kind("production: it went wrong", "look at it"))
    assert state.name == EXPECTED.get(kind.__name__, "Failed")
    assert state.type.value == ("CANCELLED" if kind is errors.Superseded else "FAILED")
    assert state.message == "production: it went wrong\n  → look at it"


def test_A66_every_name_of_a_state_has_a_notice_of_its_own() -> None:
    assert {*NAMES.values(), "Failed"} <= set(ENDINGS)


def test_a_message_is_bounded_and_printable() -> None:
    state = ended(errors.NotProven("\x1b[31mred\u202e\n" + "line\n" * 10_000, "look"))
    assert state.message is not None
    assert len(state.message) < 8000
    assert all(c.isprintable() or c == "\n" for c in state.message)


def test_a_script_still_gets_the_error_itself() -> None:
    error = errors.Conflict("the tag is somebody else's", "choose another")
    state = ended(error)
    with pytest.raises(errors.Conflict) as raised:
        state.result()
    assert raised.value is error


@pytest.mark.parametrize(
    "error",
    [ValueError("a bug"), Pause("suspended"), Abort("told to"), TerminationSignal(15)],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_ours_passes_untouched(error: BaseException) -> None:
    @ends
    def flow() -> State[object]:
        raise error

    with pytest.raises(type(error)) as raised:
        flow()
    assert raised.value is error


def test_what_ends_well_is_left_as_it_is() -> None:
    done = Completed(message="proven")
    assert ends(lambda: done)() is done


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_the_parameters_of_a_flow_are_seen_through_it(flow: Callable[..., object]) -> None:
    names = list(inspect.signature(flow.fn).parameters)  # type: ignore[attr-defined]
    assert names[0] == "service"
    assert "args" not in names
