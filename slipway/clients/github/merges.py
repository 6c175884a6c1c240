"""Merging a pull request, directly or through the merge queue of its base branch.

The queue is known to GraphQL alone, which has the same credential and host as the REST API.
"""

from typing import Any, Literal

import httpx
from pydantic import TypeAdapter, ValidationError

from slipway.clients.github.answers import Forbidden, decoded, invalid
from slipway.clients.github.transport import Transport
from slipway.clients.github.values import Answer, FullPull, Text
from slipway.clients.http import excerpt
from slipway.errors import Final, Retryable
from slipway.text import printable, redacted
from slipway.value import Value

_STANDING = """query($id: ID!) { node(id: $id) { ... on PullRequest {
  isMergeQueueEnabled isInMergeQueue mergeQueueEntry { position state } } } }"""
_ENQUEUE = """mutation($id: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) {
    mergeQueueEntry { position state } } }"""
_PAUSE = 60.0  # seconds, when GraphQL limits without saying how long
_LACKS = ("FORBIDDEN", "INSUFFICIENT_SCOPES")


class Refused(Value):
    """GitHub does not merge it now."""

    words: str  # its own
    why: Literal["moved", "queue", "method", "rules"]


class Queue(Value):
    """How a pull request stands to the merge queue of its base branch."""

    required: bool  # the branch is merged to through a queue
    waiting: bool  # it is in the queue
    position: int | None = None
    state: str = ""  # GitHub's word


class _Merged(Answer):
    sha: str


class _Error(Answer):
    type: Text = ""
    message: Text = ""


class _Reply(Answer):
    data: dict[str, Any] | None = None
    errors: tuple[_Error, ...] = ()


class _Entry(Answer):
    position: int | None = None
    state: Text = ""


class _Standing(Answer):
    isMergeQueueEnabled: bool  # noqa: N815  # GitHub's names
    isInMergeQueue: bool  # noqa: N815
    mergeQueueEntry: _Entry | None = None  # noqa: N815


_MERGED = TypeAdapter(_Merged)
_REPLY = TypeAdapter(_Reply)


class Merges(Transport):
    """What brings the pull requests of one repository into their base."""

    def merge_pull(self, pull: FullPull, method: str, message: str) -> str | Refused:
        """Merge it if its head is still `pull.head_sha`; the new commit, or why not.

        `message` is the new commit's, where the method makes one: subject, empty line, rest.
        """
        what = f"merge pull request {pull.number} of {self.name}"
        fields = {"sha": pull.head_sha, "merge_method": method, **_texts(method, message)}
        url = f"{self._path}/pulls/{pull.number}/merge"
        response = self._send("PUT", url, what, allow=(405, 409, 422), json=fields)
        if response.status_code == 422:
            raise invalid(response, what)
        if response.status_code in (405, 409):
            return _refusal(response)
        return decoded(_MERGED, response, what).sha

    def queue(self, pull: FullPull) -> Queue | None:
        """How it stands to the merge queue; None where the server or the token does not tell."""
        what = f"read the merge queue of {self.name}"
        try:
            reply = self._graphql(_STANDING, {"id": pull.node_id}, what)
        except Final:  # an older server without GraphQL for this credential
            return None
        try:
            found = _Standing.model_validate((reply.data or {}).get("node"))
        except ValidationError:
            return None
        entry = found.mergeQueueEntry or _Entry()
        return Queue(
            required=found.isMergeQueueEnabled,
            waiting=found.isInMergeQueue,
            position=entry.position,
            state=entry.state,
        )

    def enqueue(self, pull: FullPull) -> Refused | None:
        """Put it into the merge queue if its head is still `pull.head_sha`; None: it is there."""
        what = f"put pull request {pull.number} of {self.name} into the merge queue"
        reply = self._graphql(_ENQUEUE, {"id": pull.node_id, "head": pull.head_sha}, what)
        if not reply.errors:
            return None
        said = printable(redacted("; ".join(error.message for error in reply.errors)), 400)
        if "already in the queue" in said.lower():
            return None
        if any(error.type in _LACKS for error in reply.errors):
            raise Forbidden(
                f"could not {what}: {said}",
                "give the token the permissions pull_requests=write and contents=write",
            )
        return Refused(words=said, why="rules")

    def _graphql(self, query: str, variables: dict[str, Any], what: str) -> _Reply:
        url = self._http.base_url.copy_with(path=_graphql_path(self._http.base_url.path))
        body = {"query": query, "variables": variables}
        response = self._send("POST", str(url), what, json=body)
        reply = decoded(_REPLY, response, what)
        if any(error.type == "RATE_LIMITED" for error in reply.errors):
            raise Retryable(
                f"could not {what}: GitHub's rate limit is reached",
                f"wait {_PAUSE:.0f} s; then retry",
                _PAUSE,
            )
        return reply


def _graphql_path(path: str) -> str:
    """github.com: `/graphql` beside the REST API; Enterprise Server: `/api/graphql`."""
    path = path.rstrip("/")
    return f"{path.removesuffix('/v3') if path.endswith('/api/v3') else path}/graphql"


def _texts(method: str, message: str) -> dict[str, str]:
    """A squash takes the whole message; a merge keeps GitHub's subject; a rebase takes none."""
    subject, _, rest = message.partition("\n")
    fields = {"commit_title": subject, "commit_message": rest.strip()}
    kept = {"squash": fields, "merge": {"commit_message": rest.strip()}}
    return kept.get(method, {})


def _refusal(response: httpx.Response) -> Refused:
    words = excerpt(response, 400)
    said = words.lower()
    if response.status_code == 409 or "was modified" in said:
        return Refused(words=words, why="moved")
    if "merge queue" in said:
        return Refused(words=words, why="queue")
    return Refused(words=words, why="method" if "not allowed on this" in said else "rules")
