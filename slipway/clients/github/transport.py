"""How GitHub is asked: one host, with a credential that stays there, page by page."""

import re
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import SecretStr, TypeAdapter

from slipway.clients.github.answers import decoded, forbidden, limited
from slipway.clients.http import TIMEOUT, client, send
from slipway.errors import Final, InvalidInput

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGES = 20  # of 100 entries
_MOVED = {301, 302, 307, 308}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_T = TypeVar("_T")


class Transport:
    """The connection to one repository's part of the API."""

    def __init__(
        self,
        api_url: str,
        repository_url: str,
        token: SecretStr,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """`repository_url` is the one git uses; its last two parts are owner and name."""
        self.name = repository_name(repository_url)
        self._owner, _, name = self.name.partition("/")
        self._path = f"/repos/{quote(self._owner, safe='')}/{quote(name, safe='')}"
        headers = {**_HEADERS, "Authorization": f"Bearer {_plain(token)}"}
        self._http = client(_safe(api_url), headers=headers, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def _send(
        self, method: str, url: str, what: str, allow: Collection[int] = (), **options: Any
    ) -> httpx.Response:
        response = send(
            self._http, method, url, what=what, allow={403, 429, *_MOVED, *allow}, **options
        )
        if response.status_code in _MOVED:
            raise Final(
                f"could not {what}: HTTP {response.status_code}, it has moved",
                "write the new URL of the repository, or of the API, in its setting",
            )
        if response.status_code in (403, 429):
            raise limited(response, what) or forbidden(response, what)
        return response

    def _pages(self, url: str, shape: TypeAdapter[_T], what: str) -> Iterator[_T]:
        """Each page of a list; the next one is asked for when the one before is used up."""
        for _ in range(_PAGES):
            response = self._send("GET", url, what)
            yield decoded(shape, response, what)
            if "next" not in response.links:
                return
            url = self._next(response.links["next"]["url"], what)

    def _next(self, url: str, what: str) -> str:
        if not same_origin(parsed(url), self._http.base_url):
            raise Final(
                f"could not {what}: the next page is on another host, {parsed(url).host!r}",
                "check SLIPWAY_GITHUB_API_URL: the credential is only sent to its host",
            )
        return url


def repository_name(url: str) -> str:
    """`owner/name` from a repository's URL; InvalidInput when the URL has no such end."""
    parts = [part for part in urlsplit(url).path.removesuffix(".git").split("/") if part]
    if len(parts) < 2:
        raise InvalidInput(
            f"{url} does not end in owner/name",
            "write source.repository as https://host/owner/name",
        )
    return "/".join(parts[-2:])


def _safe(api_url: str) -> str:
    """The address, if a credential may travel there."""
    url = parsed(api_url)
    if url.scheme != "https" and not (url.scheme == "http" and url.host in _LOOPBACK):
        raise InvalidInput(
            f"the credential for {url.host or api_url!r} would travel without TLS",
            "write SLIPWAY_GITHUB_API_URL as https://…",
        )
    return api_url


def _plain(token: SecretStr) -> str:
    """The token, if it can stand in a header. What it holds is never told."""
    value = token.get_secret_value()
    if not re.fullmatch(r"[!-~]+", value):
        raise InvalidInput(
            "the token for GitHub holds characters that no token has",
            "copy it again: one word of ASCII letters, digits and '_', without a line break",
        )
    return value


def parsed(url: str) -> httpx.URL:
    """An address from elsewhere; one that is none leads nowhere."""
    try:
        return httpx.URL(url)
    except httpx.InvalidURL:
        return httpx.URL("")


def serves(api_url: str, repository_url: str) -> bool:
    """Whether this API is that of the repository's host: api.HOST, or a path of the host itself."""
    return urlsplit(api_url).netloc.removeprefix("api.") == urlsplit(repository_url).netloc


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Whether two addresses have one scheme, host and port."""
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
