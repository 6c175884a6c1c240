"""`write: pull-request`: the change waits in a pull request, and its merge is what goes live."""

from collections.abc import Callable

from slipway.model import Approval, Image, Promotion
from slipway.service import Environment, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch


def write(
    service: Service,
    environment: Environment,
    image: Image,
    settings: Settings,
    *,
    run: str,
    approval: Approval | None,
    watch: Stopwatch,
    report: Callable[[str], None],
) -> Promotion:
    """Propose the edits, wait for the merge, and return the commit that holds them."""
    raise NotImplementedError
