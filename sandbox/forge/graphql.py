"""The part of GitHub's GraphQL API that the merge queue needs; REST does not know the queue.

Queries are read as the language has them: unknown fields, missing variables and text that is no
query are refused in GitHub's form, with status 200.
"""

import re
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.forge.ledger import Entry
from sandbox.forge.pulls import PullRequests
from sandbox.forge.wire import Refusal, payload

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|\$\w+|\.\.\.|[{}():!,=])")
_FIELDS = {
    "PullRequest": {
        "id", "number", "state", "isInMergeQueue", "isMergeQueueEnabled", "mergeQueueEntry",
    },
    "MergeQueueEntry": {"position", "state"},
    "EnqueuePullRequestPayload": {"clientMutationId", "mergeQueueEntry"},
}  # fmt: skip


class Problem(Exception):
    """An entry for `errors`."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.entry = {"message": message} | ({"type": kind} if kind else {})


class Selection:
    """A field, what was given to it and what was asked of it."""

    def __init__(self, name: str, given: Any, asked: list["Selection"]) -> None:
        self.name, self.given, self.asked = name, given, asked


class Reader:
    """Reads one operation: `query($id: ID!) { node(id: $id) { ... on Type { field } } }`."""

    def __init__(self, text: str, variables: Entry) -> None:
        self._tokens = list(_tokens(text))
        self._variables = variables

    def operation(self) -> tuple[str, Selection]:
        kind = self._take()
        if kind not in ("query", "mutation"):
            raise Problem(f"Expected one of query, mutation, actual: {kind!r}")
        if self._next() == "(":
            self._declared()
        (root,) = self._selections()
        return kind, root

    def _declared(self) -> None:
        self._take("(")
        while self._next() != ")":
            name = self._take().removeprefix("$")
            self._take(":")
            declared = self._take()
            if self._next() == "!":
                self._take()
                if self._variables.get(name) is None:
                    raise Problem(
                        f"Variable ${name} of type {declared}! was provided invalid value"
                    )
            if self._next() == ",":
                self._take()
        self._take(")")

    def _selections(self) -> list[Selection]:
        self._take("{")
        found: list[Selection] = []
        while self._next() != "}":
            if self._next() == "...":
                for word in ("...", "on"):
                    self._take(word)
                self._take()
                found += self._selections()
                continue
            name = self._take()
            given = self._arguments("(", ")") if self._next() == "(" else {}
            asked = self._selections() if self._next() == "{" else []
            found.append(Selection(name, given, asked))
        self._take("}")
        return found

    def _arguments(self, start: str, end: str) -> Entry:
        self._take(start)
        found: Entry = {}
        while self._next() != end:
            name = self._take()
            self._take(":")
            if self._next() == "{":
                found[name] = self._arguments("{", "}")
            else:
                found[name] = self._variables.get(self._take().removeprefix("$"))
            if self._next() == ",":
                self._take()
        self._take(end)
        return found

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, wanted: str = "") -> str:
        token = self._tokens.pop(0) if self._tokens else ""
        if not token or wanted not in ("", token):
            raise Problem(f"Expected {wanted or 'a name'}, actual: {token or 'the end'!r}")
        return token


def _tokens(text: str) -> Iterator[str]:
    rest = text.strip()
    while rest:
        found = _TOKEN.match(rest)
        if found is None:
            raise Problem(f"Parse error on {rest[:10]!r}")
        yield found[1]
        rest = rest[found.end() :].strip()


async def answer(request: Request, pulls_of: list[PullRequests], *, writes: bool) -> Response:
    """The answer about those repositories that the caller sees."""
    given = await payload(request)
    try:
        kind, root = Reader(str(given.get("query")), given.get("variables") or {}).operation()
        found = _run(kind, root, pulls_of, writes=writes)
    except Problem as problem:
        return JSONResponse({"data": None, "errors": [problem.entry]})
    return JSONResponse({"data": {root.name: found}})


def _run(kind: str, root: Selection, pulls_of: list[PullRequests], *, writes: bool) -> Entry:
    if (kind, root.name) == ("query", "node"):
        return _node(root, pulls_of)
    if (kind, root.name) != ("mutation", "enqueuePullRequest"):
        raise Problem(f"Field '{root.name}' doesn't exist on type '{kind.title()}'")
    if not writes:
        raise Problem("Resource not accessible by personal access token", "FORBIDDEN")
    return _enqueue(root, pulls_of)


def _node(root: Selection, pulls_of: list[PullRequests]) -> Entry:
    pulls, entry = _found(str(root.given.get("id")), pulls_of)
    standing = pulls.queue.standing(entry)
    rules = pulls.protection(entry["base"])
    state = "MERGED" if entry["merged_at"] else entry["state"].upper()
    known = {
        "id": entry["node_id"],
        "number": entry["number"],
        "state": state,
        "isInMergeQueue": standing is not None,
        "isMergeQueueEnabled": bool(rules.queue),
        "mergeQueueEntry": standing,
    }
    return _chosen(known, "PullRequest", root.asked)


def _enqueue(root: Selection, pulls_of: list[PullRequests]) -> Entry:
    given = root.given.get("input") or {}
    pulls, entry = _found(str(given.get("pullRequestId")), pulls_of)
    try:
        standing = pulls.queue.enqueue(entry, given.get("expectedHeadOid"))
    except Refusal as refusal:
        raise Problem(refusal.body["message"], "UNPROCESSABLE") from None
    known = {"clientMutationId": None, "mergeQueueEntry": standing}
    return _chosen(known, "EnqueuePullRequestPayload", root.asked)


def _found(node: str, pulls_of: list[PullRequests]) -> tuple[PullRequests, Entry]:
    for pulls in pulls_of:
        for entry in pulls.all():
            if entry["node_id"] == node:
                return pulls, entry
    raise Problem(f"Could not resolve to a node with the global id of '{node}'", "NOT_FOUND")


def _chosen(known: Entry, kind: str, asked: list[Selection]) -> Entry:
    chosen: Entry = {}
    for field in asked:
        if field.name not in _FIELDS[kind]:
            raise Problem(f"Field '{field.name}' doesn't exist on type '{kind}'")
        value = known[field.name]
        inner = isinstance(value, dict)
        chosen[field.name] = _chosen(value, "MergeQueueEntry", field.asked) if inner else value
    return chosen
