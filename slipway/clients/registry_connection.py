"""How a registry is spoken to: whose credential goes where, and what its refusals mean."""

from collections.abc import Collection, Iterator
from typing import Any

import httpx

from slipway.clients import http as web
from slipway.clients.oci import CHUNK
from slipway.clients.registry_auth import ChallengeAuth, Credential
from slipway.errors import Final, Unauthorized

_REDIRECTS = (301, 302, 303, 307, 308)


class Connection:
    """Requests about one repository of one registry. `what` names the act for people.

    Every method raises Retryable for transport errors, 429 (with the time the server asked for)
    and 5xx, Unauthorized for 401 and 403, Final for other refusals.
    """

    def __init__(self, name: str, credential: Credential | None, plain: bool, rights: str) -> None:
        self.name = name
        self.host, _, path = name.partition("/")
        server = "registry-1.docker.io" if self.host == "docker.io" else self.host
        auth = ChallengeAuth(credential, f"repository:{path}:{rights}")
        self._http = web.client(f"{'http' if plain else 'https'}://{server}", auth=auth)

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def send(
        self,
        method: str,
        url: str | httpx.URL,
        what: str,
        allow: Collection[int] = (),
        **options: Any,
    ) -> httpx.Response:
        """The answer, if it is a success or its status is in `allow`."""
        target = self._http.base_url.join(url)
        options |= self._auth(target)
        answer = web.send(
            self._http, method, str(target), what=what, allow=(*allow, 403), **options
        )
        if answer.status_code == 403:
            act = "read from" if method in ("GET", "HEAD") else "push to"
            raise Unauthorized(
                f"no permission to {act} {self.name}: {web.excerpt(answer) or 'HTTP 403'}",
                "check the rights of SLIPWAY_REGISTRY_USERNAME, and the repository's name",
            )
        return answer

    def chunks(self, path: str, what: str) -> Iterator[bytes]:
        """The bytes at `path`, wherever the registry keeps them."""
        url = self._http.base_url.join(path)
        for _hop in range(5):
            try:
                with self._http.stream("GET", url, **self._auth(url)) as answer:
                    if answer.status_code in _REDIRECTS:
                        url = self.elsewhere(url.join(answer.headers.get("Location", "")), what)
                        continue
                    if not answer.is_success:
                        answer.read()
                        raise web.failure(answer, what)
                    yield from answer.iter_raw(CHUNK)
                    return
            except httpx.TransportError as error:
                raise web.unreachable(self._http, what, error) from None
        raise Final(f"could not {what}: too many redirects", "check the registry")

    def elsewhere(self, url: httpx.URL, what: str) -> httpx.URL:
        """A place the registry sent us to; Final when it is less safe than the registry."""
        if url.scheme != "https" and self._http.base_url.scheme == "https":
            raise Final(
                f"could not {what}: {self.host} sends it to {url.scheme}://{url.host}, unencrypted",
                "tell the registry its public https address (often a missing proxy header)",
            )
        return url

    def at_home(self, url: httpx.URL) -> bool:
        """Whether the address is the registry's own: scheme, host and port."""
        home = self._http.base_url
        return (url.scheme, url.host, url.port) == (home.scheme, home.host, home.port)

    def _auth(self, url: httpx.URL) -> dict[str, Any]:
        """No credential leaves for a host other than the registry."""
        return {} if self.at_home(url) else {"auth": None}
