"""A proof that fails is written down, whatever comes of it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from slipway.errors import NotProven
from slipway.model import Image
from slipway.service import Environment, Service
from tasks.ledger import keep_failure


@contextmanager
def failure_kept(service: Service, environment: Environment, image: Image) -> Iterator[None]:
    """Keep in the ledger that the proof inside has failed; an unknown one has not."""
    try:
        yield
    except NotProven as error:
        with suppress(Exception):  # the failure is what matters; the step says what was wrong
            keep_failure(service, environment.name, image, error.message)
        raise
