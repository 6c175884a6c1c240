"""How requests are read: verb, numbers, body."""

import json
from typing import Any

from starlette.requests import Request

from sandbox.kubernetes.errors import StatusError
from sandbox.kubernetes.path import Path

MERGE_PATCH = "application/merge-patch+json"
_VERBS = {"PATCH": "patch", "POST": "create", "PUT": "update", "DELETE": "delete"}


def verb(request: Request, path: Path) -> str:
    """As access rules name what is asked."""
    if request.method in ("GET", "HEAD"):
        return "get" if path.name else "watch" if watching(request) else "list"
    return _VERBS.get(request.method, request.method.lower())


def watching(request: Request) -> bool:
    return request.query_params.get("watch", "") in ("1", "true")


def number(request: Request, name: str) -> int:
    """A number of the query, 0 without one; raises StatusError 400."""
    text = request.query_params.get(name, "")
    if text and not text.isdigit():
        raise StatusError(
            400, f'{name}: Invalid value: "{text}": strconv.ParseUint: invalid syntax'
        )
    return int(text or 0)


async def body(request: Request) -> Any:
    """The JSON a request carries; raises StatusError 400."""
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise StatusError(400, f"error decoding the body: {error}") from error


def only_merge_patches(request: Request) -> None:
    """Raise StatusError 415 for every other kind of patch."""
    if request.headers.get("content-type") != MERGE_PATCH:
        text = "the body of the request was in an unknown format"
        raise StatusError(415, f"{text} - accepted media types include: {MERGE_PATCH}")


def not_allowed() -> StatusError:
    return StatusError(405, "the server does not allow this method on the requested resource")
