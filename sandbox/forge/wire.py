"""GitHub's REST conventions: refusals, request bodies, pages of a list."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from sandbox.forge.ledger import Entry, Ledger
from sandbox.forge.protection import Protection
from sandbox.forge.repositories import Repositories, Token

_DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "message": message,
            **more,
            "documentation_url": _DOCUMENTATION,
            "status": str(status),
        }
        self.headers: dict[str, str] = {}

    def answer(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers)


def not_found() -> Refusal:
    """Missing, or out of the token's scope: GitHub does not tell which."""
    return Refusal(404, "Not Found")


def not_accessible(permission: str, access: str = "write") -> Refusal:
    """The token sees the repository but lacks a permission."""
    refusal = Refusal(403, "Resource not accessible by personal access token")
    refusal.headers["X-Accepted-GitHub-Permissions"] = f"{permission}={access}"
    return refusal


def invalid(resource: str, field: str, code: str, message: str = "") -> Refusal:
    """422 with one entry in `errors`."""
    error = {"resource": resource, "code": code, "field": field, "message": message}
    told = {key: value for key, value in error.items() if value}
    return Refusal(422, "Validation Failed", errors=[told])


@dataclass
class Rules:
    """How the forge is set up; a test may change it while the server runs."""

    immutable_releases: bool = False  # a release takes no more files once it is published
    broken_uploads: int = 0  # so many of the next uploads break off
    protections: dict[str, Protection] = field(default_factory=dict)  # by "owner/name:branch"


@dataclass(frozen=True)
class Visit:
    """One authorised request: whose repository, under which address, and where things are."""

    name: str  # "owner/name"
    site: str  # scheme and host, as the caller wrote them
    token: Token
    repositories: Repositories
    ledger: Ledger
    rules: Rules

    @property
    def login(self) -> str:
        return self.name.partition("/")[0]

    def api(self, path: str = "") -> str:
        """Address of a resource of this repository."""
        return f"{self.site}/api/v3/repos/{self.name}{path}"

    def uploads(self, path: str = "") -> str:
        """Address for uploads: on an Enterprise Server the same host, under another path."""
        return f"{self.site}/api/uploads/repos/{self.name}{path}"

    def page(self, path: str = "") -> str:
        """Address of a page for people."""
        return f"{self.site}/{self.name}{path}"


async def payload(request: Request) -> Entry:
    """The JSON object in the body."""
    try:
        value = json.loads(await request.body())
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Body should be a JSON object")
    return value


def commit_of(request: Request, visit: Visit) -> str:
    """The commit of a branch, tag or SHA in the path."""
    ref = request.path_params["ref"]
    sha = visit.repositories.commit_at(visit.name, ref)
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {ref}")
    return sha


def paged(request: Request, items: list[Entry]) -> JSONResponse:
    """The asked page of a list (`per_page`, `page`), with a Link header when there are more."""
    return JSONResponse(page_of(request, items), headers=paging(request, len(items)))


def page_of(request: Request, items: list[Entry]) -> list[Entry]:
    """The asked page of a list."""
    size, number = _asked(request)
    return items[(number - 1) * size : number * size]


def paging(request: Request, count: int) -> dict[str, str]:
    """The Link header of the asked page."""
    size, number = _asked(request)
    last = max(1, -(-count // size))
    links = []
    for rel, target, shown in (
        ("prev", number - 1, number > 1),
        ("next", number + 1, number < last),
        ("last", last, number < last),
        ("first", 1, number > 1),
    ):
        if shown:
            links.append(f'<{request.url.include_query_params(page=target)}>; rel="{rel}"')
    return {"Link": ", ".join(links)} if links else {}


def _asked(request: Request) -> tuple[int, int]:
    size = min(max(_number(request, "per_page", 30), 1), 100)
    return size, max(_number(request, "page", 1), 1)


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else default
