"""Starts the delivery of a service, once for one state of its repository."""

from slipway.clients.prefect import Prefect
from slipway.service import Service
from slipway.triggers.rule import key


def begin(service: Service, ref: str, commit: str, prefect: Prefect) -> str:
    """Start it for a commit that a ref has in the repository; what came of it, for people.

    However often it is called for the same, one run comes of it. Raises Retryable, Unauthorized;
    NotFound where the deployment does not exist.
    """
    run, new = prefect.start(
        f"deliver/{service.service}",
        {"service": service.service},
        key(service.service, service.source.repository, ref, commit),
    )
    return f"run {run} {'started' if new else 'is there already'} for {ref} at {commit[:12]}"
