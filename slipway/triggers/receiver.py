"""The receiver: takes an event of the forge, checks it, keeps it, answers. It starts nothing.

It has two addresses: POST /github, and GET /health for whoever watches it. Nothing here resumes,
approves or reads a run.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slipway.errors import InvalidInput
from slipway.triggers.events import read
from slipway.triggers.inbox import Inbox
from slipway.triggers.signature import HEADER, is_signed

LARGEST = 25 << 20  # bytes of a body: GitHub sends no more
PATIENCE = 10.0  # seconds for a body; GitHub itself gives up after ten
_log = logging.getLogger("slipway.webhook")


class _Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.status, self.told = status, {"error": error, "hint": hint}


def receiver(inbox: Inbox, secrets: Collection[str], arrived: Callable[[], None]) -> Starlette:
    """The ASGI application; it calls `arrived` once an event is kept."""

    async def github(request: Request) -> Response:
        try:
            return await _take(request, inbox, secrets, arrived)
        except _Refused as refused:
            _log.warning("%s: %s", refused.status, refused.told["error"])
            return JSONResponse(refused.told, refused.status)

    async def health(_request: Request) -> Response:
        return JSONResponse({"waiting": len(await run_in_threadpool(inbox.waiting))})

    return Starlette(routes=[Route("/github", github, methods=["POST"]), Route("/health", health)])


async def _take(
    request: Request, inbox: Inbox, secrets: Collection[str], arrived: Callable[[], None]
) -> Response:
    body = await _body(request)
    if not is_signed(body, request.headers.getlist(HEADER), secrets):
        raise _Refused(401, "the signature is missing or wrong", "set the webhook's secret")
    try:
        delivery, event = _one(request, "x-github-delivery"), _event(request, body)
        if await run_in_threadpool(inbox.knows, delivery):
            return JSONResponse({"kept": False, "reason": "this delivery has come before"})
    except InvalidInput as error:
        raise _Refused(422, error.message, error.hint) from None
    if event is None:
        return JSONResponse({"kept": False, "reason": "nothing has moved"})
    try:
        await run_in_threadpool(inbox.keep, delivery, event)
    except OSError as error:
        raise _Refused(503, f"the event cannot be kept: {error.strerror}") from None
    arrived()
    return JSONResponse({"kept": True}, 202)


async def _body(request: Request) -> bytes:
    """The whole body. It is never read further than it may be long, nor longer than it may take."""
    length = request.headers.get("content-length", "")
    body = bytearray()
    try:
        if length.isdecimal() and int(length) > LARGEST:
            raise _Refused(413, f"the body is larger than {LARGEST} bytes")
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST:
                    raise _Refused(413, f"the body is larger than {LARGEST} bytes")
    except TimeoutError:
        raise _Refused(408, f"the body was not there within {PATIENCE:.0f} s") from None
    except ClientDisconnect:
        raise _Refused(400, "the sender went away") from None
    return bytes(body)


def _event(request: Request, body: bytes) -> Any:
    kind = _one(request, "content-type").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise _Refused(415, "the content type is not application/json", "choose it in the webhook")
    name = _one(request, "x-github-event")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "the body is not JSON") from None
    return read(name, payload)


def _one(request: Request, header: str) -> str:
    given = request.headers.getlist(header)
    if len(given) != 1:
        raise _Refused(400, f"{header} has to be there once, not {len(given)} times")
    return given[0]
