"""GitHub Releases: find, create, publish, rewrite."""

from typing import Any
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from slipway.clients.github.answers import already_exists, decoded, invalid, may_vanish
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import Page
from slipway.errors import Retryable

_PAGE = TypeAdapter(Page)
_LIST = TypeAdapter(list[Page])
# The highest version is shown as the latest one, whichever was published last.
_LATEST = {"make_latest": "legacy"}


class Releases(Transport):
    """The releases of one repository."""

    def release(self, tag: str) -> Page | None:
        """The release of a tag, a draft included; None when GitHub has none."""
        what = f"read release {tag} of {self.name}"
        url = f"{self._path}/releases/tags/{quote(tag, safe='')}"
        response = self._send("GET", url, what, allow=(404,))
        if response.status_code != 404:
            return decoded(_PAGE, response, what)
        return min(self._of(tag), key=_rank, default=None)  # 404 also says: a draft, or no access

    def create(
        self, tag: str, sha: str, notes: str, *, draft: bool = False, prerelease: bool = False
    ) -> Page | None:
        """A release for a tag that exists; None when the tag has one already.

        Two callers at once can both succeed: then one release stays and the other is removed.
        """
        what = f"create release {tag} of {self.name}"
        body = {"tag_name": tag, "target_commitish": sha, "name": tag, "body": notes,
                "draft": draft, "prerelease": prerelease, **_LATEST}  # fmt: skip
        response = self._send("POST", f"{self._path}/releases", what, allow=(422,), json=body)
        if response.status_code != 422:
            return self._only_one(decoded(_PAGE, response, what))
        if already_exists(response):
            return None
        raise invalid(response, what)

    def publish(self, page: Page) -> Page:
        """Make a draft public; the release that is public already, when there is one."""
        what = f"publish the draft release {page.tag_name} of {self.name}"
        page = self._only_one(page)
        if not page.draft:
            return page
        response = self._change_page(page, {"draft": False, **_LATEST}, what)
        if response.status_code != 422:
            return decoded(_PAGE, response, what)
        if not already_exists(response):
            raise invalid(response, what)
        page = self._only_one(page)
        if page.draft:
            raise Retryable(f"could not {what}: another one is there, and not shown", "look again")
        return page

    def rewrite(self, page: Page, notes: str) -> Page:
        """Replace the notes."""
        what = f"rewrite the notes of release {page.tag_name} of {self.name}"
        response = self._change_page(page, {"body": notes}, what)
        if response.status_code == 422:
            raise invalid(response, what)
        return decoded(_PAGE, response, what)

    def _change_page(self, page: Page, fields: dict[str, Any], what: str) -> httpx.Response:
        url = f"{self._path}/releases/{page.id}"
        with may_vanish():
            return self._send("PATCH", url, what, allow=(422,), json=fields)

    def _only_one(self, made: Page) -> Page:
        """The release that stays of those that runners made at once; the others are removed.

        A draft of the same tag with other notes is a person's, and left alone.
        """
        pages = [made, *(page for page in self._of(made.tag_name) if page.id != made.id)]
        stays = min(pages, key=_rank)
        for page in pages:
            ours = page.id == made.id or (page.draft and _are_twins(page, made))
            if ours and page.id != stays.id:
                what = f"remove the duplicate release {page.tag_name} of {self.name}"
                self._send("DELETE", f"{self._path}/releases/{page.id}", what, allow=(404,))
        return stays

    def _of(self, tag: str) -> list[Page]:
        what = f"list releases of {self.name}"
        pages = self._pages(f"{self._path}/releases?per_page=100", _LIST, what)
        return [page for found in pages for page in found if page.tag_name == tag]


def _are_twins(one: Page, other: Page) -> bool:
    """Same notes, or one has got something below them since."""
    short, long = sorted((one.body, other.body), key=len)
    return short == long or (bool(short) and long.startswith(short))


def _rank(page: Page) -> tuple[bool, int]:
    """Public before drafts, then the oldest: every runner chooses alike."""
    return page.draft, page.id
