"""One change at a time: of several runs that would write to one environment, one does.

The limit is Prefect's, and it is held only while something is written and proven: not while people
are asked, and not while a pull request waits, whose branch is the only one of its environment.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.service import Environment, Service
from tasks.turn import hold_turn


@contextmanager
def one_change(service: Service, environment: Environment) -> Iterator[None]:
    """Hold the turn of this environment. Raises Retryable when it does not come within an hour."""
    if environment.write == "pull-request":
        yield
        return
    with hold_turn(service.service, environment.name):
        yield
