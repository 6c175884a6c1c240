"""What GitHub's answers mean: values, refusals, limits."""

import contextlib
import time
from collections.abc import Iterator
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from slipway.clients.http import excerpt, failure, number, retry_after
from slipway.errors import Final, NotFound, Retryable, Unauthorized
from slipway.text import printable, redacted

_PAUSE = 60.0  # seconds GitHub asks for when it limits without saying how long
_LIMITS = ("rate limit", "abuse detection")
_T = TypeVar("_T")


class Forbidden(Unauthorized):
    """The credential is known, and lacks a permission; the hint names it where GitHub does."""


@contextlib.contextmanager
def may_vanish() -> Iterator[None]:
    """What another runner removed as a duplicate is gone: a new look finds the one that stays."""
    try:
        yield
    except NotFound as gone:
        hint = "another runner may have removed it as a duplicate; look again"
        raise Retryable(gone.message, hint) from None


def decoded(shape: TypeAdapter[_T], response: httpx.Response, what: str) -> _T:
    """The answer's content in its shape."""
    try:
        return shape.validate_json(response.content)
    except ValidationError:
        raise Retryable(
            f"could not {what}: the answer is not what GitHub sends: {excerpt(response)!r}",
            "check that SLIPWAY_GITHUB_API_URL is the API, and that no proxy answers for it",
        ) from None


def complaints(response: httpx.Response) -> list[tuple[str, str]]:
    """Code and message of each entry in the `errors` of a refusal."""
    try:
        errors = response.json()["errors"]
        found = [error if isinstance(error, dict) else {"message": error} for error in errors]
    except (ValueError, KeyError, TypeError):
        return []
    return [(str(each.get("code", "")), str(each.get("message", ""))) for each in found]


def already_exists(response: httpx.Response) -> bool:
    """Whether a refusal says that there is one already."""
    return any(code == "already_exists" for code, _ in complaints(response))


def invalid(response: httpx.Response, what: str) -> Final:
    """The error for a 422, with the details that GitHub puts beside its message."""
    said = "; ".join(text for _, text in complaints(response) if text)
    more = f" ({printable(redacted(said))})" if said else ""
    error = failure(response, what)
    return Final(f"{error.message}{more}", error.hint)


def limited(response: httpx.Response, what: str) -> Retryable | None:
    """The error for a request over the limit, with the pause GitHub's documentation asks for."""
    remaining = response.headers.get("x-ratelimit-remaining")
    reset = number(response.headers.get("x-ratelimit-reset", ""))
    pause = retry_after(response)
    if pause is None and remaining == "0" and reset is not None:
        pause = max(1.0, reset - time.time())
    said = excerpt(response).lower()
    secondary = any(words in said for words in _LIMITS)
    if pause is None and (secondary or response.status_code == 429):
        pause = _PAUSE
    if pause is None:
        return None
    return Retryable(
        f"could not {what}: GitHub's rate limit is reached",
        f"GitHub asks to wait {pause:.0f} s; then retry",
        pause,
    )


def forbidden(response: httpx.Response, what: str) -> Forbidden:
    """The error for a 403 that is no limit."""
    error = failure(response, what)
    lacking = printable(response.headers.get("x-accepted-github-permissions", ""))
    hint = f"give the token the permission {lacking}" if lacking else error.hint
    return Forbidden(error.message, hint)
