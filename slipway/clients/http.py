"""One way to make an HTTP client and to read its failures.

No retries here: a step's policy does that. Redirects are not followed and proxies of the
environment are ignored, so a credential reaches only the host it is meant for.
"""

import ssl
import time
from collections.abc import Collection
from functools import cache
from typing import Any

import httpx

from slipway.errors import Final, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import printable, redacted

TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # seconds
LARGEST = 32 << 20  # bytes of an answer
PATIENCE = 60.0  # seconds for an answer's content
_RETRYABLE = {408, 425, 429, 500, 502, 503, 504}


def client(
    base_url: str,
    *,
    headers: dict[str, str] | None = None,
    auth: httpx.Auth | tuple[str, str] | None = None,
    timeout: httpx.Timeout = TIMEOUT,
) -> httpx.Client:
    """A client for one server; close it (it is a context manager)."""
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": "slipway", **(headers or {})},
        auth=auth,
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        verify=trusted(),
    )


def async_client(base_url: str, *, headers: dict[str, str]) -> httpx.AsyncClient:
    """The same for a stream that is listened to without an end; the reader limits the silence."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": "slipway", **headers},
        timeout=httpx.Timeout(None, connect=5.0),
        follow_redirects=False,
        trust_env=False,
        verify=trusted(),
    )


@cache
def trusted() -> ssl.SSLContext:
    """Whom every client trusts. Reading it takes 20 ms, which each client would spend again."""
    return httpx.create_ssl_context(trust_env=False)


def send(
    http: httpx.Client,
    method: str,
    url: str,
    *,
    what: str,
    allow: Collection[int] = (),
    largest: int = LARGEST,
    patience: float = PATIENCE,
    quoted: bool = True,
    **options: Any,
) -> httpx.Response:
    """The response, if it is a success or its status is in `allow`.

    Its content has at most `largest` bytes, unpacked, and is there `patience` seconds after its
    headers, however steadily it drips. `what` names the act and its object for people, as in
    "read release v1.1.0 of acme/shop"; unless `quoted`, no error repeats the server's words.
    Raises Retryable for transport errors, 408, 425, 429 and 5xx; Unauthorized for 401 and 403;
    NotFound for 404; Final for every other status and for an answer that is too large.
    """
    try:
        with http.stream(method, url, **options) as started:
            response = _complete(started, what, largest, patience)
    except httpx.TransportError as error:
        raise unreachable(http, what, error) from None
    except httpx.HTTPError as error:
        raise Final(f"could not {what}: {redacted(str(error))}", "check the URL") from None
    if response.is_success or response.status_code in allow:
        return response
    raise failure(response, what, quoted=quoted)


def _complete(response: httpx.Response, what: str, largest: int, patience: float) -> httpx.Response:
    content, end = bytearray(), time.monotonic() + patience
    for part in response.iter_bytes():
        content += part
        if len(content) > largest:
            hint = "check that the address in the settings is the server's, and not a proxy's"
            raise Final(f"could not {what}: the answer is larger than {largest} bytes", hint)
        if time.monotonic() > end:
            raise Retryable(
                f"could not {what}: the answer was not complete within {patience:.0f} s",
                "the server or the way to it is slow; retry",
            )
    unpacked = [pair for pair in response.headers.raw if pair[0].lower() != b"content-encoding"]
    return httpx.Response(
        response.status_code, headers=unpacked, content=bytes(content), request=response.request
    )


def unreachable(http: httpx.Client, what: str, error: httpx.TransportError) -> Retryable:
    """The error for a connection that failed before a complete answer came."""
    cause = redacted(str(error)) or type(error).__name__
    host = http.base_url.host or "the server"
    return Retryable(
        f"could not {what}: {cause}",
        f"nothing is known about the outcome; check that {host} answers, then retry",
    )


def failure(response: httpx.Response, what: str, *, quoted: bool = True) -> SlipwayError:
    """The error for an answer that is not a success, with the server's own words if `quoted`."""
    status, said = response.status_code, excerpt(response) if quoted else ""
    message = f"could not {what}: HTTP {status}" + (f", {said}" if said else "")
    if status in _RETRYABLE:
        return Retryable(message, "the server is busy or broken; retry", retry_after(response))
    if status in (401, 403):
        return Unauthorized(message, f"check the credential for {response.url.host} and its rights")
    if status == 404:
        return NotFound(message, "check the name, and whether the credential may see the object")
    return Final(message, "the server refuses the request; its words above say why")


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of the Retry-After header, if it has the plain form."""
    return number(response.headers.get("retry-after", ""))


def number(text: str) -> float | None:
    """The number that a header holds, if it is a plain one."""
    return float(text) if text.isascii() and text.isdecimal() else None


def excerpt(response: httpx.Response, limit: int = 200) -> str:
    """What the server said, on one line, shortened and without credentials."""
    try:
        said = _message(response.json())
    except ValueError:
        said = None
    text = said if isinstance(said, str) else response.text
    return printable(redacted(text), limit)


def _message(body: Any) -> Any:
    if not isinstance(body, dict):
        return None
    errors = body.get("errors")  # a registry's form: a list of codes and messages
    if isinstance(errors, list) and errors and "message" not in body:
        known = [error for error in errors if isinstance(error, dict)]
        return "; ".join(f"{error.get('code')}: {error.get('message')}" for error in known)
    return body.get("message") or body.get("error")
