"""Noticing at once that there is something to do, by the events that Prefect's server sends."""

from collections.abc import Callable

import anyio
from prefect.client.schemas.objects import WorkPool
from prefect.events.clients import get_events_subscriber
from prefect.events.filters import (
    EventAnyResourceFilter,
    EventFilter,
    EventNameFilter,
    EventResourceFilter,
)
from prefect.events.schemas.events import ResourceSpecification
from prefect.logging import get_logger

_AGAIN = 5.0  # seconds between two attempts to listen
_logger = get_logger("slipway.worker")


class Bell:
    """Rung any number of times, it is heard once."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def ring(self) -> None:
        """Be heard by who waits, or by who comes next."""
        self._event.set()

    async def rung(self) -> None:
        """Wait until it has been rung since the last time."""
        await self._event.wait()
        self._event = anyio.Event()


async def ring_when_scheduled(bell: Bell, pool: Callable[[], WorkPool | None]) -> None:
    """Ring at each run of the pool that becomes ready: new, resumed, to be retried. Never returns.

    Where no event comes, the looks at intervals still do.
    """
    while True:
        known = pool()
        if known:
            try:
                async with get_events_subscriber(filter=_scheduled(known)) as events:
                    bell.ring()  # for what came before somebody listened
                    async for _ in events:
                        bell.ring()
            except Exception as error:  # noqa: BLE001 -- whatever it is, looking goes on
                _logger.debug("listening to events was interrupted: %s", error)
        await anyio.sleep(_AGAIN if known else 0.2)


def _scheduled(pool: WorkPool) -> EventFilter:
    return EventFilter(
        event=EventNameFilter(prefix=["prefect.flow-run."]),
        resource=EventResourceFilter(
            labels=ResourceSpecification({"prefect.state-type": "SCHEDULED"})
        ),
        any_resource=EventAnyResourceFilter(id=[f"prefect.work-pool.{pool.id}"]),
    )
