"""GET stream/applications: JSON lines or server-sent events, with every oddity of the original.

Nothing is sent before the first event, not even headers; the first list is read before the
subscription, so a change in between is lost; equal consecutive messages are left out.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.datastructures import QueryParams
from starlette.requests import Request

from sandbox.argocd.accounts import Account, Accounts
from sandbox.argocd.application import Object, project_of, target
from sandbox.argocd.errors import ApiError
from sandbox.argocd.fields import keep
from sandbox.argocd.store import Event
from sandbox.argocd.world import World
from sandbox.serving import Receive, Scope, Send


@dataclass(frozen=True)
class Filter:
    """Which applications a list or a stream is about."""

    account: Account
    query: QueryParams

    def passes(self, application: Object) -> bool:
        metadata, query = application["metadata"], self.query
        names = query.get("name", ""), query.get("appNamespace", "")
        projects = query.getlist("projects") + query.getlist("project")
        return (
            names[0] in ("", metadata["name"])
            and names[1] in ("", metadata["namespace"])
            and (not projects or project_of(application) in projects)
            and _selected(metadata.get("labels", {}), query.get("selector", ""))
            and self.account.may("applications", "get", target(application))
        )


def _selected(labels: dict[str, str], selector: str) -> bool:
    pairs = [part.partition("=") for part in selector.split(",") if part]
    return all(labels.get(name.strip()) == value.strip("= ") for name, _, value in pairs)


class Stream:
    """One open stream."""

    def __init__(self, world: World, accounts: Accounts, scope: Scope, send: Send) -> None:
        self._world = world
        self._request = Request(scope)
        self._accounts = accounts
        self._send = send
        self._sse = self._request.headers.get("accept") == "text/event-stream"
        self._started = False
        self._last: dict[str, str] = {}

    async def run(self) -> None:
        """Until the client leaves or the stand-in stops."""
        try:
            chosen = Filter(self._accounts.caller(self._request), self._request.query_params)
        except ApiError as error:
            await self._write(json.dumps(error.stream()), error.status)
        else:
            await self._events(chosen)
        if self._started:
            await self._send({"type": "http.response.body", "body": b""})

    async def _events(self, chosen: Filter) -> None:
        for event in self._first(chosen):
            await self._tell(event)
        asked = chosen.query.get("resourceVersion", "")
        after = int(asked) if asked.isdigit() else 0
        lag, life = self._world.controls.lag, self._world.life
        with self._world.store.watch(lag) as queue:
            quiet = 0.0
            while not self._world.stopping.is_set() and self._world.life == life:
                try:
                    event = await asyncio.wait_for(queue.get(), 0.1)
                except TimeoutError:
                    quiet = await self._keep_alive(quiet + 0.1)
                    continue
                newer = int(event[1]["metadata"]["resourceVersion"]) > after
                if newer and chosen.passes(event[1]):
                    await self._tell(event)
                    quiet = 0.0

    def _first(self, chosen: Filter) -> Iterator[Event]:
        if not chosen.query.get("resourceVersion") or chosen.query.get("name"):
            for application in self._world.store.all(self._world.controls.lag):
                if chosen.passes(application):
                    yield "ADDED", application

    async def _tell(self, event: Event) -> None:
        kind, application = event
        message = {"result": {"type": kind, "application": application}}
        text = json.dumps(keep(message, self._request.query_params.get("fields", "")))
        name = application["metadata"]["name"]
        if self._last.get(name) != text:
            self._last[name] = text
            await self._write(text, 200)

    async def _write(self, text: str, status: int) -> None:
        kind = "text/event-stream" if self._sse else "application/json"
        if not self._started:
            headers = [(b"content-type", kind.encode()), (b"x-content-type-options", b"nosniff")]
            start = {"type": "http.response.start", "status": status, "headers": headers}
            await self._send(start)
            self._started = True
        body = f"data: {text} \n\n\n" if self._sse else f"{text}\n"
        await self._chunk(body)

    async def _keep_alive(self, quiet: float) -> float:
        if not (self._sse and self._started) or quiet < self._world.controls.keep_alive:
            return quiet
        await self._chunk(":\n")
        return 0.0

    async def _chunk(self, text: str) -> None:
        body = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        await self._send(body)


class Streams:
    """The endpoint as a bare ASGI app: a response object would send its headers too early."""

    def __init__(self, world: World, accounts: Accounts) -> None:
        self._world = world
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = Stream(self._world, self._accounts, scope, send)
        running = asyncio.ensure_future(stream.run())
        leaving = asyncio.ensure_future(_left(receive))
        done, others = await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for task in done:
            task.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
