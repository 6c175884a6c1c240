"""What is only told to people: trouble with it is a line in the log, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import SlipwayError
from tasks.environment import say


@contextmanager
def only_told(what: str) -> Iterator[None]:
    """Raises nothing; `what` names the act for people, as in "notify anybody"."""
    try:
        yield
    except SlipwayError as error:
        say(f"could not {what}: {error}")
    except Exception as error:  # noqa: BLE001  # nothing that is only told is worth a delivery
        say(f"could not {what}: {type(error).__name__}")
