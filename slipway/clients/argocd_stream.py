"""Argo CD's event stream, listened to on a thread of its own.

It only says that something may have changed: events are lost between list and subscription and when
a buffer overflows, and the cache behind them is late. So what is true comes from a GET.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from slipway.clients.argocd_frames import Frame, Frames
from slipway.text import printable, redacted

POLL = 1.0  # seconds between two looks without a stream
_GAP = 0.2  # seconds between two looks with one: a sync is a burst of events
_BEGIN = 5.0  # seconds for the thread to begin
_KIND = "text/event-stream"
_PATH = "/api/v1/stream/applications"
_PARTS = (
    "metadata.name",
    "metadata.deletionTimestamp",
    "spec",
    "operation",
    "status.sync",
    "status.health",
    "status.operationState",
    "status.conditions",
    "status.reconciledAt",
)
FIELDS = ",".join(["result.type", *(f"result.application.{part}" for part in _PARTS)])


@dataclass(frozen=True)
class Limits:
    """Seconds. A keep-alive comes every 15 s, but only after the first event."""

    first: float = 10.0  # for the first byte; a stream that may not be seen never sends one
    silence: float = 40.0
    pause: float = 1.0  # before the first reconnection; doubled each time, and random
    longest: float = 30.0


class Stream:
    """The events about some applications; `close` it."""

    def __init__(
        self,
        connect: Callable[[], httpx.AsyncClient],
        query: Mapping[str, str],
        limits: Limits | None = None,
    ) -> None:
        self._connect, self._limits = connect, limits or Limits()
        self._query = {**query, "fields": FIELDS}
        self._changed, self._begun = threading.Event(), threading.Event()
        self._looked = 0.0
        self.live = False  # an event came, and the connection is still there
        self.trouble = ""  # why there is, or was, none
        self._thread = threading.Thread(target=self._run, name="argocd stream", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Return at the next event, at the latest after `seconds`, or one second without stream."""
        self._changed.wait(seconds if self.live else min(seconds, POLL))
        time.sleep(max(0.0, min(seconds, self._looked + _GAP - time.monotonic())))
        self._changed.clear()
        self._looked = time.monotonic()

    def close(self) -> None:
        """End the connection and its thread."""
        if self._begun.wait(_BEGIN):
            with contextlib.suppress(RuntimeError):  # its loop is over
                self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join()

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                asyncio.run(self._listen())
        finally:
            self.live = False  # whatever ended it: from here on the wait polls

    async def _listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._reconnecting())
        self._begun.set()
        await self._task

    async def _reconnecting(self) -> None:
        failures = 0
        async with self._connect() as http:
            while True:
                try:
                    await self._read(http)
                except TimeoutError:
                    self.trouble = "it is silent"
                except (httpx.HTTPError, httpx.StreamError, OSError, ValueError) as error:
                    self.trouble = printable(redacted(str(error))) or type(error).__name__
                failures = 0 if self.live else failures + 1
                self.live = False
                self._changed.set()  # what happened meanwhile is found by a look
                longest = min(self._limits.longest, self._limits.pause * 2**failures)
                await asyncio.sleep(longest * random.uniform(0.5, 1.0))  # noqa: S311  # jitter

    async def _read(self, http: httpx.AsyncClient) -> None:
        request = http.build_request("GET", _PATH, params=self._query)
        async with asyncio.timeout(self._limits.first):
            response = await http.send(request, stream=True)
        try:
            await self._follow(response)
        finally:
            await response.aclose()

    async def _follow(self, response: httpx.Response) -> None:
        kind = str(response.headers.get("content-type", "no type"))
        if not kind.startswith(_KIND):
            raise ValueError(f"HTTP {response.status_code} with {kind}")
        frames, chunks = Frames(), response.aiter_raw()
        while True:
            async with asyncio.timeout(self._limits.silence):
                chunk = await anext(chunks, b"")
            if not chunk:
                raise ValueError("the server ended it")
            for frame in frames.feed(chunk):
                self._heard(frame)

    def _heard(self, frame: Frame) -> None:
        if frame.kind == "error":
            raise ValueError(frame.text)
        if frame.kind == "event":
            self.live = True
            self.trouble = ""
            self._changed.set()
