"""Wait until an environment may be changed: holds, soak, windows. No process is held meanwhile."""

from slipway.model import Image
from slipway.service import Environment, Service
from tasks.opening import look_at_gate, postpone, tell_closed


def wait_until_open(
    service: Service, environment: Environment, image: Image, urgent: str = ""
) -> None:
    """Return when the environment is open; otherwise this process ends, and the run goes on later.

    `urgent` is why soak and windows are not waited for. Raises Held for a version that is held,
    Conflict and Superseded where it cannot soak, Closed in a run that no worker can start again.
    """
    closed = look_at_gate(service, environment, image, urgent)
    if closed:
        tell_closed(service, environment, image, closed)
        postpone(closed)
