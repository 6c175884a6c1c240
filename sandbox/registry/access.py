"""Who may do what in the registry stand-in, and how it says no."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sandbox.registry.manifest import RegistryError

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="sandbox registry"'}


@dataclass(frozen=True)
class Account:
    """Who may log in. A right covers a repository and all below it; "" covers everything."""

    username: str
    password: str
    push: tuple[str, ...] = ()  # the right to push includes the right to pull
    pull: tuple[str, ...] = ()

    def may(self, action: str, name: str) -> bool:
        rights = self.push if action == "push" else self.push + self.pull
        return any(right in ("", name) or name.startswith(f"{right}/") for right in rights)


class Access:
    """The accounts of a registry; asked once for every request."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self._accounts = tuple(accounts)

    def login(self, request: Request) -> Account:
        """The account whose credentials the request carries."""
        username, password = _credentials(request)
        for account in self._accounts:
            known = account.username == username
            if known and hmac.compare_digest(account.password.encode(), password.encode()):
                return account
        raise RegistryError(401, "UNAUTHORIZED", "authentication required", headers=_CHALLENGE)

    def name(self, request: Request, action: str) -> str:
        """The repository of the request, which its account may pull from or push to."""
        name: str = request.path_params["name"]
        if not self.login(request).may(action, name):
            detail = {"name": name, "action": action}
            raise RegistryError(403, "DENIED", "requested access to the resource is denied", detail)
        return name


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password


async def refuse(_: Request, error: RegistryError) -> Response:
    """The error body of the specification."""
    # dockerd takes a 401 without detail for a passing trouble, and tries for 50 s.
    body = {"code": error.code, "message": error.message, "detail": error.detail or {}}
    return JSONResponse({"errors": [body]}, status_code=error.status, headers=error.headers)


async def refuse_route(request: Request, error: HTTPException) -> Response:
    """The same for a path or a method that is not there."""
    return await refuse(request, RegistryError(error.status_code, "UNSUPPORTED", error.detail))


async def note_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
    """Nobody reads this answer; the status is for the record of requests."""
    return Response(status_code=499)


# Starlette's type wants handlers that take any exception; it calls each for its own alone.
HANDLERS: dict[Any, Any] = {
    RegistryError: refuse,
    HTTPException: refuse_route,
    ClientDisconnect: note_disconnect,
}
