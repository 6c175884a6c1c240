"""GitHub Releases of one repository, over GitHub's REST API (github.com and Enterprise Server).

Nothing is retried here. "There is no release" is only said after GitHub said so; every other
answer is an error. The credential never leaves the API's host.
"""

import time
from collections.abc import Collection, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from slipway.clients.http import TIMEOUT, client, excerpt, failure, retry_after, send
from slipway.errors import Final, InvalidInput, Retryable

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGES = 20  # of 100 releases; the list is newest first
_PAUSE = 60.0  # seconds GitHub asks for when it limits without saying how long
_MOVED = {301, 302, 307, 308}
_T = TypeVar("_T")


class Page(BaseModel):
    """A release as GitHub holds it."""

    id: int
    tag_name: str
    html_url: str
    draft: bool


_PAGE = TypeAdapter(Page)
_LIST = TypeAdapter(list[Page])


class GitHub:
    """Client for one repository; use it as a context manager. Raises Retryable and Final errors."""

    def __init__(
        self,
        api_url: str,
        repository_url: str,
        token: SecretStr,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        """`repository_url` is the one git uses; its last two parts are owner and name."""
        self.name = repository_name(repository_url)
        owner, _, name = self.name.partition("/")
        self._path = f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"
        authorization = {"Authorization": f"Bearer {token.get_secret_value()}"}
        self._http = client(api_url, headers={**_HEADERS, **authorization}, timeout=timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def release(self, tag: str) -> Page | None:
        """The release of a tag, a draft included; None when GitHub has none."""
        what = f"read release {tag} of {self.name}"
        url = f"{self._path}/releases/tags/{quote(tag, safe='')}"
        response = self._send("GET", url, what, allow=(404,))
        if response.status_code != 404:
            return _decoded(_PAGE, response, what)
        return next(iter(self._of(tag)), None)  # 404 also says: a draft, or no access

    def create(self, tag: str, sha: str, notes: str) -> Page | None:
        """Publish a release for a tag that exists; None when the tag has one already.

        Two callers at once can both succeed: then the older release stays and this one is removed.
        """
        what = f"create release {tag} of {self.name}"
        body = {"tag_name": tag, "target_commitish": sha, "name": tag, "body": notes}
        response = self._send("POST", f"{self._path}/releases", what, allow=(422,), json=body)
        if response.status_code == 422:
            if _says_already_exists(response):
                return None
            raise failure(response, what)
        return self._only_one(_decoded(_PAGE, response, what))

    def publish(self, draft: Page) -> Page:
        """Make a draft public."""
        what = f"publish the draft release {draft.tag_name} of {self.name}"
        url = f"{self._path}/releases/{draft.id}"
        return _decoded(_PAGE, self._send("PATCH", url, what, json={"draft": False}), what)

    def _only_one(self, made: Page) -> Page:
        public = [page for page in self._of(made.tag_name) if not page.draft]
        oldest = min(public, key=lambda page: page.id, default=made)
        if oldest.id >= made.id:
            return made
        what = f"remove the duplicate release {made.tag_name} of {self.name}"
        self._send("DELETE", f"{self._path}/releases/{made.id}", what, allow=(404,))
        return oldest

    def _of(self, tag: str) -> list[Page]:
        return [page for page in self._releases() if page.tag_name == tag]

    def _releases(self) -> Iterator[Page]:
        what = f"list releases of {self.name}"
        url = f"{self._path}/releases?per_page=100"
        for _ in range(_PAGES):
            response = self._send("GET", url, what)
            yield from _decoded(_LIST, response, what)
            if "next" not in response.links:
                return
            url = self._same_host(response.links["next"]["url"], what)

    def _same_host(self, url: str, what: str) -> str:
        here, there = self._http.base_url, httpx.URL(url)
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            raise Final(
                f"could not {what}: the next page is on another host, {there.host}",
                "check SLIPWAY_GITHUB_API_URL: the credential is only sent to its host",
            )
        return url

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
            raise _limited(response, what) or failure(response, what)
        return response


def repository_name(url: str) -> str:
    """`owner/name` from a repository's URL; InvalidInput when the URL has no such end."""
    parts = [part for part in urlsplit(url).path.removesuffix(".git").split("/") if part]
    if len(parts) < 2:
        raise InvalidInput(
            f"{url} does not end in owner/name",
            "write source.repository as https://host/owner/name",
        )
    return "/".join(parts[-2:])


def _limited(response: httpx.Response, what: str) -> Retryable | None:
    """The error for a request over the limit, with the pause GitHub's documentation asks for."""
    remaining = response.headers.get("x-ratelimit-remaining")
    reset = response.headers.get("x-ratelimit-reset", "")
    pause = retry_after(response)
    if pause is None and remaining == "0" and reset.isdigit():
        pause = max(1.0, float(reset) - time.time())
    secondary = "rate limit" in excerpt(response).lower()
    if pause is None and (secondary or response.status_code == 429):
        pause = _PAUSE
    if pause is None:
        return None
    return Retryable(
        f"could not {what}: GitHub's rate limit is reached",
        f"GitHub asks to wait {pause:.0f} s; then retry",
        pause,
    )


def _says_already_exists(response: httpx.Response) -> bool:
    try:
        errors = response.json()["errors"]
        return any(error["code"] == "already_exists" for error in errors)
    except (ValueError, KeyError, TypeError):
        return False


def _decoded(shape: TypeAdapter[_T], response: httpx.Response, what: str) -> _T:
    try:
        return shape.validate_json(response.content)
    except ValidationError:
        raise Retryable(
            f"could not {what}: the answer is not what GitHub sends: {excerpt(response)!r}",
            "check that SLIPWAY_GITHUB_API_URL is the API, and that no proxy answers for it",
        ) from None
