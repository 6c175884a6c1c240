"""How requests are read and answers written: content type, body, errors, deadlines."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.argocd.application import Object
from sandbox.argocd.errors import INVALID, ApiError
from sandbox.serving import Asgi, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint) -> Endpoint:
    """Turn a gRPC status into its answer."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ApiError as error:
            return error.answer()

    return answer


def json_only(app: Asgi) -> Asgi:
    """Anything but GET needs exactly `application/json`, even without a body."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS")
        right = dict(scope["headers"]).get(b"content-type") == b"application/json"
        if changes and scope["path"].startswith("/api/v1/") and not right:
            await PlainTextResponse("Invalid content type\n", 415)(scope, receive, send)
        else:
            await app(scope, receive, send)

    return serve


async def body_of(request: Request) -> Object:
    """The request object; names are case-insensitive, so they are lower case from here on."""
    try:
        body: Any = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise ApiError(INVALID, f"invalid character in body: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(INVALID, "json: cannot unmarshal the body into an object")
    return {name.lower(): value for name, value in body.items()}


def of_items(fields: str) -> str:
    """A list filters its items only."""
    paths = [path.removeprefix("items.") for path in fields.split(",") if path.startswith("items.")]
    return ",".join(paths)


def timeout_of(request: Request) -> float:
    """Seconds of a `Grpc-Timeout` header such as `30S`."""
    found = re.fullmatch(r"(\d+)([HMSm])", request.headers.get("grpc-timeout", ""))
    units = {"H": 3600.0, "M": 60.0, "S": 1.0, "m": 0.001}
    return int(found[1]) * units[found[2]] if found else float("inf")
