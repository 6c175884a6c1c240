"""One change at a time for each environment of a service."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.service import Environment, Service


@contextmanager
def one_change(service: Service, environment: Environment) -> Iterator[None]:
    """Hold the environment while it is written and proven; never while people or time are awaited."""
    yield
