"""Pull requests from branches of the repository itself."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter

from slipway.clients.github.answers import complaints, decoded, invalid
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import FullPull, FullPullAnswer, Pull, PullAnswer
from slipway.errors import Final, Retryable

_PULL = TypeAdapter(PullAnswer)
_FULL = TypeAdapter(FullPullAnswer)
_LIST = TypeAdapter(list[PullAnswer])


class Pulls(Transport):
    """The pull requests of one repository."""

    def open_pull(self, branch: str, base: str) -> Pull | None:
        """The open pull request of a branch into `base`."""
        return self._newest(branch, base, "open")

    def newest_pull(self, branch: str, base: str) -> Pull | None:
        """The pull request of a branch into `base` that was opened last, whatever came of it."""
        return self._newest(branch, base, "all")

    def closed_pulls(self, branch: str, base: str) -> Iterator[Pull]:
        """The pull requests of a branch into `base` that are not open any more, newest first."""
        return self._of_branch(branch, base, "closed")

    def pull(self, number: int) -> FullPull:
        """One pull request with everything that is said about it."""
        what = f"read pull request {number} of {self.name}"
        response = self._send("GET", f"{self._path}/pulls/{number}", what)
        return decoded(_FULL, response, what).in_full()

    def create_pull(self, branch: str, base: str, title: str, body: str) -> Pull:
        """Open a pull request; the one that is open already, when there is one, as it is."""
        what = f"open a pull request of {branch} into {base} in {self.name}"
        fields = {"title": title, "head": branch, "base": base, "body": body}
        response = self._send("POST", f"{self._path}/pulls", what, allow=(422,), json=fields)
        if response.status_code != 422:
            return decoded(_PULL, response, what).value()
        said = " ".join(text for _, text in complaints(response))
        if "already exists" in said:
            return self._existing(branch, base, what)
        error = invalid(response, what)
        if "No commits between" in said:
            raise Final(error.message, f"push a commit to {branch} first")
        raise error

    def change_pull(self, pull: Pull, *, title: str, body: str) -> Pull:
        """Replace the title and the body."""
        what = f"change pull request {pull.number} of {self.name}"
        return self._change_pull(pull, {"title": title, "body": body}, what)

    def close_pull(self, pull: Pull, body: str | None = None) -> Pull:
        """Close it without merging, where asked for with another body."""
        what = f"close pull request {pull.number} of {self.name}"
        text = {} if body is None else {"body": body}
        return self._change_pull(pull, {"state": "closed", **text}, what)

    def label(self, pull: Pull, labels: tuple[str, ...]) -> None:
        """Add the labels that it lacks."""
        missing = [label for label in labels if label not in pull.labels]
        if missing:
            what = f"label pull request {pull.number} of {self.name}"
            url = f"{self._path}/issues/{pull.number}/labels"
            self._send("POST", url, what, json={"labels": missing})

    def _change_pull(self, pull: Pull, fields: dict[str, Any], what: str) -> Pull:
        url = f"{self._path}/pulls/{pull.number}"
        response = self._send("PATCH", url, what, allow=(422,), json=fields)
        if response.status_code == 422:
            raise invalid(response, what)
        return decoded(_PULL, response, what).value()

    def _existing(self, branch: str, base: str, what: str) -> Pull:
        pull = self.open_pull(branch, base)
        if pull is None:
            raise Retryable(
                f"could not {what}: GitHub says that one exists, and shows none",
                "it may be visible a moment later",
            )
        return pull

    def _newest(self, branch: str, base: str, state: str) -> Pull | None:
        return next(self._of_branch(branch, base, state), None)

    def _of_branch(self, branch: str, base: str, state: str) -> Iterator[Pull]:
        what = f"look for a pull request of {branch} into {base} in {self.name}"
        query = {"head": f"{self._owner}:{branch}", "base": base, "state": state,
                 "sort": "created", "direction": "desc", "per_page": 100}  # fmt: skip
        pages = self._pages(f"{self._path}/pulls?{urlencode(query)}", _LIST, what)
        # GitHub lists everything when it does not understand the head.
        return (p.value() for found in pages for p in found if p.comes_from(self._owner, branch))
