"""One GET of a URL that a service file names, as a stranger would send it.

No credential, no cookie, no redirect and no proxy; only to addresses that may be reached; bounded
in time and size. The name is resolved once and the connection goes to the address that was checked,
while the Host header and the name in the TLS certificate stay those of the URL.
"""

import asyncio
import ssl
import time
from collections.abc import Collection, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, TypeVar

import httpx

from slipway.clients.addresses import Address, Network, Resolve, checked, resolve
from slipway.errors import InvalidInput, Retryable
from slipway.text import printable, redacted

R = TypeVar("R")

TIME_LIMIT = 10.0  # seconds for one whole request, from the lookup to the last byte
BODY_LIMIT = 1024 * 1024  # bytes
_STEP_LIMIT = 5.0  # seconds for the connection, and for each read
_HEADERS = {
    "User-Agent": "slipway",
    "Accept": "application/json, */*",
    "Accept-Encoding": "identity",  # what is not compressed cannot unfold into gigabytes
    "Cache-Control": "no-cache",  # the running version shall answer, not a cache
}


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes  # at most BODY_LIMIT
    seconds: float  # from the lookup to the last byte
    location: str = ""  # where a redirect points to; it is not followed
    defect: str = ""  # why the body cannot be used, if so


def get(
    url: str,
    networks: Collection[Network],
    limit: float = TIME_LIMIT,
    lookup: Resolve = resolve,
) -> Answer:
    """The answer to a GET of `url`, whatever its status.

    `networks` are reachable although they are not public; `limit` bounds the whole request, in
    seconds. Raises InvalidInput when the URL or one of its addresses may not be reached, Retryable
    when no complete answer came (name, connection, certificate, time).
    """
    begin = time.monotonic()
    target = _parsed(url)
    port = target.port or (443 if target.scheme == "https" else 80)
    addresses = checked(target.raw_host.decode(), port, networks, limit, lookup)
    left = max(0.0, limit - (time.monotonic() - begin))
    try:
        response, body = _apart(_fetch(target, addresses, left))
    except TimeoutError:
        raise Retryable(
            f"no complete answer from {target.host} within {limit:.0f} s", _hint(target)
        ) from None
    except httpx.HTTPError as error:
        raise Retryable(
            f"no complete answer from {target.host}: {_cause(error)}", _hint(target)
        ) from None
    return _answer(response, body, time.monotonic() - begin)


def _apart(fetching: Coroutine[Any, Any, R]) -> R:
    """Run it in a thread of its own: the caller's may have a running event loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, fetching).result()


def _hint(target: httpx.URL) -> str:
    return f"check that {target.host} can be reached from the worker, and its certificate"


def _parsed(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"{redacted(url)!r} is not a URL: {error}", "correct the URL") from None
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise InvalidInput(
            f"{redacted(url)!r} is not an http or https URL without user and password",
            "correct the URL; a smoke test sends no credential",
        )
    return target


async def _fetch(
    target: httpx.URL, addresses: Sequence[Address], limit: float
) -> tuple[httpx.Response, bytes]:
    async with (
        asyncio.timeout(limit),
        httpx.AsyncClient(
            verify=_trusted(target.scheme),
            timeout=_STEP_LIMIT,
            follow_redirects=False,
            trust_env=False,  # no proxy, no .netrc
        ) as http,
    ):
        return await _from_first(http, target, addresses)


def _trusted(scheme: str) -> ssl.SSLContext:
    """The public certificate authorities, or those of SSL_CERT_FILE; nobody where none is asked."""
    if scheme == "https":
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # reading the authorities takes long


async def _from_first(
    http: httpx.AsyncClient, target: httpx.URL, addresses: Sequence[Address]
) -> tuple[httpx.Response, bytes]:
    """The answer of the first address that accepts a connection."""
    *others, last = addresses
    for address in others:
        try:
            return await _from_one(http, target, address)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await _from_one(http, target, last)


async def _from_one(
    http: httpx.AsyncClient, target: httpx.URL, address: Address
) -> tuple[httpx.Response, bytes]:
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    async with http.stream(
        "GET",
        target.copy_with(host=host),
        headers={**_HEADERS, "Host": target.netloc.decode()},
        extensions={"sni_hostname": target.raw_host.decode()},
    ) as response:
        body = bytearray()
        async for chunk in response.aiter_raw():  # as sent: nothing is unpacked
            body += chunk
            if len(body) > BODY_LIMIT:
                break
        return response, bytes(body)


def _answer(response: httpx.Response, body: bytes, seconds: float) -> Answer:
    encoding = response.headers.get("content-encoding", "identity")
    defect = ""
    if encoding != "identity":
        defect = f"the body is compressed ({printable(encoding, 40)}), which was not asked for"
    elif len(body) > BODY_LIMIT:
        defect = f"the body is larger than {BODY_LIMIT // 1024} KiB"
    location = response.headers.get("location", "")
    return Answer(response.status_code, body[:BODY_LIMIT], seconds, location, defect)


def _cause(error: httpx.HTTPError) -> str:
    """The system's own words ("Connection refused"), some causes below what httpx says."""
    if isinstance(error, httpx.TimeoutException):
        return f"nothing came for {_STEP_LIMIT:.0f} s"
    text, inner = str(error), error.__cause__ or error.__context__
    while inner:
        text = str(inner) if isinstance(inner, OSError) else text
        inner = inner.__cause__ or inner.__context__
    return printable(redacted(text)) or type(error).__name__
