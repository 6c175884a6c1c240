"""Starts what the kept events ask for, once each; goes on later where a server is away."""

import logging
import threading
from collections.abc import Callable, Iterator

from slipway.clients.git_remote import remote_refs
from slipway.clients.prefect import Prefect
from slipway.config import read_service, service_names
from slipway.errors import SlipwayError
from slipway.service import Service
from slipway.settings import Settings
from slipway.triggers.inbox import Inbox, Kept
from slipway.triggers.rule import why_not
from slipway.triggers.starting import begin

_PAUSES = (1.0, 2.0, 5.0, 15.0, 30.0)  # seconds between two attempts; the last one stays
_log = logging.getLogger("slipway.webhook")


class Sender:
    """One thread that empties an inbox into Prefect; `wake` tells it that something has come."""

    def __init__(self, inbox: Inbox, prefect: Callable[[], Prefect], settings: Settings) -> None:
        self._inbox, self._prefect, self._settings = inbox, prefect, settings
        self._wake, self._stopped = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process has left."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def stop(self) -> None:
        """End after the start that is under way; what waits stays on the disk."""
        self._stopped.set()
        self._wake.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            self._wake.clear()
            left = self.empty()
            failures = failures + 1 if left else 0
            pause = _PAUSES[min(failures, len(_PAUSES)) - 1] if left else None
            self._wake.wait(pause)

    def empty(self) -> int:
        """Settle every event that can be settled now; how many could not."""
        left = 0
        for kept in self._inbox.waiting():
            if self._stopped.is_set():
                break
            try:
                self._inbox.settle(kept, tuple(self._outcome(kept)))
            except (SlipwayError, OSError) as error:
                left += 1
                _log.warning("event %s waits: %s", kept.delivery, error)
            except Exception as error:  # noqa: BLE001  # a defect; the other events go on
                left += 1
                _log.warning("event %s waits: %s", kept.delivery, type(error).__name__)
        return left

    def _outcome(self, kept: Kept) -> Iterator[str]:
        for name in service_names(self._settings.services):
            try:
                service = read_service(self._settings.services, name)
            except SlipwayError as error:
                yield f"{name}: its file cannot be read: {error.message}"
                continue
            reason = why_not(service, kept.event)
            told = f"nothing to start: {reason}" if reason else self._start(service, kept)
            _log.info("event %s, %s: %s", kept.delivery, name, told)
            yield f"{name}: {told}"

    def _start(self, service: Service, kept: Kept) -> str:
        """For the ref as it is in the repository now, whatever the event said of it."""
        url, ref = service.source.repository, kept.event.ref
        token = self._settings.optional("source_token")
        commit = remote_refs(url, token, ref).get(ref)
        if commit is None:
            return f"nothing to start: {url} has no {ref} any more"
        with self._prefect() as prefect:
            return begin(service, ref, commit, prefect)
