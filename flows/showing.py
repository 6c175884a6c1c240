"""What people at GitHub see of a delivery while an environment is changed and proven."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import NotProven, RolledBack, SlipwayError
from slipway.model import Release
from slipway.service import Environment, Service
from tasks.show import show_at_github


@contextmanager
def shown_at_github(service: Service, environment: Environment, release: Release) -> Iterator[None]:
    """Under way while the block runs; then proven, failed, or not known. Never fails itself."""
    place = environment.name
    show_at_github(service, environment, release, "in_progress", f"on its way to {place}")
    try:
        yield
    except (NotProven, RolledBack) as error:
        show_at_github(service, environment, release, "failure", error.message)
        raise
    except SlipwayError as error:
        show_at_github(service, environment, release, "error", error.message)
        raise
    show_at_github(service, environment, release, "success", f"proven in {place}")
