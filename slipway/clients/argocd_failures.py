"""Which error an Argo CD answer is: from its HTTP status and its gRPC code together.

A state that forbids the act (code 9) and a bad request (code 3) are both HTTP 400. An answer that
is not JSON does not come from the API: it is its router's, or a proxy's.
"""

import httpx

from slipway.clients import http
from slipway.errors import (
    Closed,
    Conflict,
    Final,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)
from slipway.service import Application
from slipway.text import printable

INVALID, DENIED, STATE, UNKNOWN_USER = 3, 7, 9, 16  # gRPC codes
_TRANSIENT = {2, 4, 8, 10, 13, 14}
_FINAL: dict[int | None, tuple[type[Final], str]] = {
    INVALID: (InvalidInput, "the request is not acceptable; its words above say why"),
    5: (NotFound, "check application.name and application.project"),
    UNKNOWN_USER: (Unauthorized, "set a new argocd_token"),
    DENIED: (Unauthorized, "give the token's role that permission in Argo CD"),
}


def failure(response: httpx.Response, what: str) -> SlipwayError:
    """The error of a JSON answer that is not a success."""
    code, said = _code(response), http.excerpt(response)
    said = f"the credentials expired or were revoked, {said}" if code == UNKNOWN_USER else said
    message = f"could not {what}: {said} (HTTP {response.status_code}, code {code})"
    if code == STATE:
        return _state(message, said)
    if code == DENIED and "sync window" in said:
        return Closed(message, "wait for the sync window to open, or change it")
    if code == INVALID and "No operation is in progress" in said:
        return Retryable(message, "it is over, or has not begun yet: look again")
    if code in _TRANSIENT:
        return Retryable(message, "the server is busy or broken; retry", http.retry_after(response))
    if code in _FINAL:
        kind, hint = _FINAL[code]
        return kind(message, hint)
    return http.failure(response, what)


def _state(message: str, said: str) -> SlipwayError:
    if "already in progress" in said:
        return Retryable(message, "one operation at a time: wait until it is over")
    if "resolv" in said:
        return NotFound(message, "the revision does not exist in the application's repository")
    if "auto-sync currently set" in said or "auto-sync is enabled" in said:
        hint = "automated sync follows Git alone: go back there, with git revert"
        return Conflict(message, hint)
    return Conflict(message, "change the application's state first; the words above say which")


def foreign(response: httpx.Response, what: str) -> SlipwayError:
    """The error of an answer that is not JSON."""
    status, kind = response.status_code, response.headers.get("content-type", "no type")
    page = "html" in kind
    said = "an HTML page" if page else printable(response.text) or "an empty answer"
    message = f"could not {what}: HTTP {status} with {said}, not an answer of Argo CD's API"
    if status in (408, 425, 429) or status >= 500:
        return Retryable(
            message, "a proxy or the server is busy; retry", http.retry_after(response)
        )
    if status in (401, 403):
        return Unauthorized(message, "something in front of Argo CD refuses the request")
    if status in (301, 302, 303, 307, 308):
        return Final(message, "SLIPWAY_ARGOCD_URL leads elsewhere: is it http instead of https?")
    if status == 415:
        return Final(message, "something between here and Argo CD changes the content type")
    return Final(message, "check SLIPWAY_ARGOCD_URL: host, port, and the path given by --rootpath")


def denied(
    response: httpx.Response,
    what: str,
    app: Application,
    user: str | None,
    allowed: bool,
    project: str | None,
) -> SlipwayError:
    """The error of a 403 or 404, told apart by who we are, what we may do, where the name is."""
    name, target = f"application '{app.name}'", f"{app.project or '<its project>'}/{app.name}"
    if user is None:
        return Unauthorized(
            f"could not {what}: the server does not accept the token",
            "the token is expired, revoked or of another server: set a new argocd_token",
        )
    if not allowed and not app.project:
        return Unauthorized(
            f"could not {what}: there is none, or '{user}' may not get it",
            f"correct application.parent, or allow 'applications, get, {target}' for that account",
        )
    if not allowed:
        return Unauthorized(
            f"could not {what}: '{user}' may not get it in project '{app.project}'",
            f"allow 'applications, get, {target}' for that account",
        )
    if project and project != app.project:
        return NotFound(
            f"{name} is in project '{project}', not in '{app.project}'",
            "correct application.project in the service file",
        )
    if response.status_code == 404:
        return NotFound(
            f"there is no {name} in project '{app.project}'",
            "create it, or correct application.name and application.namespace",
        )
    return failure(response, what)


def _code(response: httpx.Response) -> int | None:
    try:
        body = response.json()
    except ValueError:
        return None
    code = body.get("code") if isinstance(body, dict) else None
    return code if isinstance(code, int) else None
