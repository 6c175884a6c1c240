"""Files attached to a release: each one once, whoever attaches it and however often."""

import hashlib
import re
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from slipway.clients.github.answers import already_exists, decoded, invalid, may_vanish
from slipway.clients.github.transport import Transport, parsed, same_origin
from slipway.clients.github.values import Asset, Page
from slipway.errors import Conflict, Final, InvalidInput, Retryable

_ASSET = TypeAdapter(Asset)
_LIST = TypeAdapter(list[Asset])
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*[A-Za-z0-9_-]|[A-Za-z0-9_]")


class Assets(Transport):
    """The files of the releases of one repository."""

    def attach(self, page: Page, name: str, content: bytes, media_type: str) -> None:
        """Attach a file, unless it is there; an upload that somebody began is begun anew.

        Raises Conflict when the name holds other content, and Final when the release takes none.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"GitHub would rename the file {name!r} of release {page.tag_name}",
                "use letters, digits, '.', '_' and '-' only",
            )
        what = f"attach {name} to release {page.tag_name} of {self.name}"
        with may_vanish():
            standing = self._asset(page, name)
            if standing and standing.state == "uploaded":
                _check_same(standing, content, what)
                return
            if standing:
                url = f"{self._path}/releases/assets/{standing.id}"
                self._send("DELETE", url, what, allow=(404,))
            self._upload(page, name, content, media_type, what)

    def _upload(self, page: Page, name: str, content: bytes, media_type: str, what: str) -> None:
        url = f"{self._upload_url(page, what)}?name={quote(name, safe='')}"
        headers = {"Content-Type": media_type}
        response = self._send("POST", url, what, allow=(422,), content=content, headers=headers)
        if response.status_code != 422:
            _check_same(decoded(_ASSET, response, what), content, what)
            return
        if not already_exists(response):
            error = invalid(response, what)
            immutable = "immutable" in error.message
            hint = "a published release takes no files here: attach them to its draft"
            raise Final(error.message, hint) if immutable else error
        other = self._asset(page, name)
        if other is None or other.state != "uploaded":
            raise Retryable(f"could not {what}: another upload of it is under way", "try again")
        _check_same(other, content, what)

    def _asset(self, page: Page, name: str) -> Asset | None:
        what = f"list the files of release {page.tag_name} of {self.name}"
        url = f"{self._path}/releases/{page.id}/assets?per_page=100"
        pages = self._pages(url, _LIST, what)
        return next((one for found in pages for one in found if one.name == name), None)

    def _upload_url(self, page: Page, what: str) -> str:
        """Where the release says its files go, if the credential may go there."""
        url = parsed(page.upload_url.partition("{")[0])
        if takes_uploads(url, self._http.base_url):
            return str(url)
        raise Final(
            f"could not {what}: files would go to another host, {url.host!r}",
            "check SLIPWAY_GITHUB_API_URL: the credential is only sent to its host and"
            " to that of its uploads",
        )


def takes_uploads(url: httpx.URL, api: httpx.URL) -> bool:
    """Whether the holder of a credential for `api` may send it to `url`.

    Enterprise Server takes files on the API's host, github.com beside it: for `api.` `uploads.`.
    """
    beside = api.copy_with(host=f"uploads.{api.host.removeprefix('api.')}")
    return same_origin(url, api) or (api.host.startswith("api.") and same_origin(url, beside))


def _check_same(asset: Asset, content: bytes, what: str) -> None:
    """Same digest; where the server tells none, same size."""
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if asset.size != len(content) or asset.digest not in (None, digest):
        raise Conflict(
            f"could not {what}: it is there with other content"
            f" ({asset.size} bytes, {asset.digest or 'no digest'})",
            "find out who attached it, and delete it there if it is wrong",
        )
