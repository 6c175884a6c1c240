"""The Service of a namespace: round robin over the pods that are ready."""

import itertools
from collections.abc import Callable

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.serving import Asgi, Receive, Scope, Send

# Belong to one connection, or are written anew for the next one.
_OWN = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "date",
    "server",
    "host",
}


def front(ports: Callable[[], list[int]]) -> Asgi:
    """An ASGI app that passes each request on to one of `ports()`; 503 when there is none."""
    turns = itertools.count()
    # No kept connections: a pod may be gone the next time.
    limits = httpx.Limits(max_keepalive_connections=0)
    transport = httpx.AsyncHTTPTransport(verify=False, limits=limits)  # plain HTTP
    client = httpx.AsyncClient(transport=transport, timeout=30)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        response = await _pass_on(client, Request(scope, receive), ports(), next(turns))
        await response(scope, receive, send)

    return serve


async def _pass_on(
    client: httpx.AsyncClient, request: Request, ports: list[int], turn: int
) -> Response:
    if not ports:
        return PlainTextResponse("no ready pod\n", 503)
    url = f"http://127.0.0.1:{ports[turn % len(ports)]}{request.url.path}"
    headers = [pair for pair in request.headers.items() if pair[0].lower() not in _OWN]
    try:
        answer = await client.request(
            request.method,
            url,
            params=request.url.query,
            headers=[*headers, ("Accept-Encoding", "identity")],
            content=await request.body(),
        )
    except httpx.TransportError:
        return PlainTextResponse("the pod did not answer\n", 502)
    response = Response(answer.content, answer.status_code)
    for name, value in answer.headers.multi_items():
        if name.lower() not in _OWN:
            response.headers.append(name, value)
    return response
