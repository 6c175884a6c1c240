"""Who we are, told to a registry: Basic, or a token that it sends us for (Bearer challenge).

The password goes to the registry itself and to the token service that it names, and only over a
channel that is as safe as the registry's own.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from slipway.clients.http import failure
from slipway.errors import Final

_PARAMETER = re.compile(r'(\w+)="([^"]*)"|(\w+)=([^\s,"]+)')


@dataclass(frozen=True)
class Credential:
    """A user name and a password or access token of one registry."""

    username: str
    password: SecretStr

    @property
    def header(self) -> str:
        """The Basic form."""
        basic = httpx.BasicAuth(self.username, self.password.get_secret_value())
        request = next(basic.auth_flow(httpx.Request("GET", "http://host")))
        return request.headers["Authorization"]


@dataclass(frozen=True)
class Access:
    """Our credential and the one registry it is for."""

    registry: str  # host[:port]
    credential: Credential

    @property
    def document(self) -> dict[str, Any]:
        """The file from which docker and buildah read it."""
        hub = ["https://index.docker.io/v1/", "docker.io"]
        names = hub if self.registry == "docker.io" else [self.registry]
        value = self.credential.header.removeprefix("Basic ")
        return {"auths": {name: {"auth": value} for name in names}}


class ChallengeAuth(httpx.Auth):
    """Answers a registry's 401 once, and keeps the answer for the requests that follow.

    `scope` is what a token is asked for, as in `repository:acme/shop:pull,push`.
    """

    def __init__(self, credential: Credential | None, scope: str) -> None:
        self._credential, self._scope = credential, scope
        self._header = ""

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The hook of httpx: the request, on a 401 the token request, and the request again.

        Raises Final when the token service is one we must not talk to or answers nonsense,
        Retryable or Unauthorized for its failures.
        """
        if self._header:
            request.headers["Authorization"] = self._header
        response = yield request
        if response.status_code != 401:
            return
        scheme, parameters = _challenge(response)
        if scheme == "bearer":
            answer = yield self._token_request(request.url, parameters)
            self._header = f"Bearer {_token(answer, request.url.host)}"
        elif scheme == "basic" and self._credential:
            self._header = self._credential.header
        else:
            return  # nothing to answer with: the 401 stands
        response.read()
        request.headers["Authorization"] = self._header
        yield request

    def _token_request(self, registry: httpx.URL, parameters: dict[str, str]) -> httpx.Request:
        realm = httpx.URL(parameters.get("realm", ""))
        if not _trusted(realm, registry):
            raise Final(
                f"the registry {registry.host} sends logins to {realm.scheme}://{realm.host},"
                " which is not as safe as itself",
                "use a registry whose token service has https (or the registry's own host)",
            )
        query = {"service": parameters.get("service", ""), "scope": self._scope}
        url = realm.copy_merge_params({name: value for name, value in query.items() if value})
        headers = {"User-Agent": "slipway"}
        if self._credential:
            headers["Authorization"] = self._credential.header
        return httpx.Request("GET", url, headers=headers)


def _trusted(realm: httpx.URL, registry: httpx.URL) -> bool:
    """Any https host named over https; a plain registry can only name its own host."""
    if registry.scheme == "https":
        return realm.scheme == "https" and bool(realm.host)
    return realm.scheme in ("http", "https") and realm.host == registry.host


def _challenge(response: httpx.Response) -> tuple[str, dict[str, str]]:
    scheme, _, rest = response.headers.get("WWW-Authenticate", "").partition(" ")
    found = {a or c: b or d for a, b, c, d in _PARAMETER.findall(rest)}
    return scheme.lower(), found


def _token(answer: httpx.Response, registry: str) -> str:
    what = f"log in to {registry} at its token service {answer.request.url.host}"
    answer.read()
    if not answer.is_success:
        raise failure(answer, what)
    try:
        body: Any = answer.json()
        token = body.get("token") or body.get("access_token")
    except (ValueError, AttributeError):
        token = None
    if not isinstance(token, str):
        raise Final(f"could not {what}: it sent no token", "check the registry's configuration")
    return token
