"""The part of GitHub's REST API a delivery uses, with GitHub's shapes and refusals."""

import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.forge import assets, checks, commits, deployments, graphql, pull_routes, releases
from sandbox.forge.ledger import Ledger
from sandbox.forge.pulls import PullRequests
from sandbox.forge.repositories import GitError, Repositories, Token
from sandbox.forge.wire import Refusal, Rules, Visit, not_accessible, not_found
from sandbox.serving import Message, Receive, Scope, Send

Answer = Callable[[Request, Visit], Awaitable[Response]]

_ALLOWANCE = 5000  # requests an hour
_REPOSITORY = "/api/v3/repos/{owner}/{name}"
_UPLOADS = "/api/uploads/repos/{owner}/{name}"  # as on an Enterprise Server


class GitHub:
    """ASGI app for `/api/v3/...`; what Git does not hold is kept in `folder`."""

    def __init__(
        self, repositories: Repositories, tokens: Mapping[str, Token], folder: Path
    ) -> None:
        self.ledger = Ledger(folder)
        self.rules = Rules()
        self._repositories = repositories
        self._tokens = tokens
        self._used = 0
        self._window = 0.0
        self._app = Starlette(
            routes=[
                *(self._route(_REPOSITORY, *route) for route in _ROUTES),
                *(self._route(_UPLOADS, *route) for route in _UPLOAD_ROUTES),
                Route("/api/graphql", self._graphql, methods=["POST"]),
            ],
            exception_handlers={Refusal: _refuse, HTTPException: _no_route},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self._limits()

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *limits]
            await send(message)

        await self._app(scope, receive, tell)

    def pulls(self, name: str) -> PullRequests:
        """The pull requests of a repository."""
        return PullRequests(self._repositories, self.ledger, name, self.rules.protections)

    def _route(self, prefix: str, method: str, path: str, answer: Answer, permission: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await answer(request, self._enter(request, permission))

        return Route(prefix + path, endpoint, methods=[method])

    def _enter(self, request: Request, permission: str) -> Visit:
        name = "{owner}/{name}".format(**request.path_params)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not value:
            raise not_found()  # every repository here is private
        token = self._tokens.get(value) if scheme.lower() in ("bearer", "token") else None
        if token is None:
            raise Refusal(401, "Bad credentials")
        if name not in token.repositories or not self._repositories.exists(name):
            raise not_found()
        writes = request.method not in ("GET", "HEAD")
        if permission in token.denies or (writes and not token.write):
            raise not_accessible(permission, "write" if writes else "read")
        site = str(request.base_url).rstrip("/")
        return Visit(name, site, token, self._repositories, self.ledger, self.rules)

    async def _graphql(self, request: Request) -> Response:
        value = request.headers.get("authorization", "").partition(" ")[2]
        token = self._tokens.get(value)
        if token is None:
            raise Refusal(401, "Bad credentials")
        may = token.write and "pull_requests" not in token.denies
        pulls = [self.pulls(name) for name in token.repositories if self._repositories.exists(name)]
        return await graphql.answer(request, pulls, writes=may)

    def _limits(self) -> list[tuple[bytes, bytes]]:
        if time.time() >= self._window:
            self._window, self._used = time.time() + 3600, 0
        self._used += 1
        shown = {
            "limit": _ALLOWANCE,
            "remaining": max(0, _ALLOWANCE - self._used),
            "used": self._used,
            "reset": int(self._window),
        }
        return [
            (f"x-ratelimit-{key}".encode(), str(value).encode()) for key, value in shown.items()
        ]


async def show_repository(_request: Request, visit: Visit) -> Response:
    """`permissions` are those of the token's owner, who may write even if the token may not."""
    may = {
        "admin": False,
        "maintain": False,
        "push": True,
        "triage": True,
        "pull": True,
    }
    return JSONResponse(
        {
            "name": visit.name.partition("/")[2],
            "full_name": visit.name,
            "owner": {"login": visit.login, "type": "User"},
            "private": True,
            "visibility": "private",
            "archived": False,
            "default_branch": "main",
            "url": visit.api(),
            "html_url": visit.page(),
            "clone_url": visit.page(".git"),
            "permissions": may,
        }
    )


async def show_ref(request: Request, visit: Visit) -> Response:
    """A branch or tag as it is: an annotated tag answers with the tag object, not the commit."""
    ref = f"refs/{request.path_params['ref']}"
    try:
        sha = visit.repositories.git(visit.name, "show-ref", "--verify", "--hash", ref)
        kind = visit.repositories.git(visit.name, "cat-file", "-t", sha.decode().strip())
    except GitError:
        raise not_found() from None
    sha_text, kind_text = sha.decode().strip(), kind.decode().strip()
    target = {
        "sha": sha_text,
        "type": kind_text,
        "url": visit.api(f"/git/{kind_text}s/{sha_text}"),
    }
    return JSONResponse({"ref": ref, "url": visit.api(f"/git/{ref}"), "object": target})


async def show_branch(request: Request, visit: Visit) -> Response:
    branch = str(request.path_params["branch"])
    ref = f"refs/heads/{branch}"
    commit = visit.repositories.commit_at(visit.name, ref)
    if commit is None:
        raise not_found()
    return JSONResponse(
        {
            "name": branch,
            "commit": {"sha": commit, "url": visit.api(f"/commits/{commit}")},
            "protected": visit.repositories.protects(visit.name, ref),
            "protection_url": visit.api(f"/branches/{branch}/protection"),
        }
    )


_ROUTES: list[tuple[str, str, Answer, str]] = [  # with the permission that each one needs
    ("GET", "", show_repository, "metadata"),
    ("GET", "/releases", releases.list_releases, "contents"),
    ("POST", "/releases", releases.create_release, "contents"),
    ("GET", "/releases/tags/{tag:path}", releases.release_by_tag, "contents"),
    ("PATCH", "/releases/{id:int}", releases.change_release, "contents"),
    ("DELETE", "/releases/{id:int}", releases.delete_release, "contents"),
    ("GET", "/releases/{id:int}/assets", assets.list_assets, "contents"),
    ("GET", "/releases/assets/{id:int}", assets.show_asset, "contents"),
    ("DELETE", "/releases/assets/{id:int}", assets.delete_asset, "contents"),
    ("GET", "/git/ref/{ref:path}", show_ref, "contents"),
    ("GET", "/branches/{branch:path}", show_branch, "contents"),
    ("GET", "/pulls", pull_routes.list_pulls, "pull_requests"),
    ("POST", "/pulls", pull_routes.create_pull, "pull_requests"),
    ("GET", "/pulls/{number:int}", pull_routes.show_pull, "pull_requests"),
    ("PATCH", "/pulls/{number:int}", pull_routes.change_pull, "pull_requests"),
    ("GET", "/pulls/{number:int}/commits", pull_routes.list_commits, "pull_requests"),
    ("GET", "/pulls/{number:int}/merge", pull_routes.pull_is_merged, "pull_requests"),
    ("PUT", "/pulls/{number:int}/merge", pull_routes.merge_pull, "contents"),
    ("GET", "/issues/{number:int}/labels", pull_routes.list_labels, "pull_requests"),
    ("POST", "/issues/{number:int}/labels", pull_routes.add_labels, "pull_requests"),
    ("DELETE", "/issues/{number:int}/labels/{label:path}", pull_routes.remove_label,
     "pull_requests"),
    ("POST", "/check-runs", checks.create_check_run, "checks"),
    ("PATCH", "/check-runs/{id:int}", checks.change_check_run, "checks"),
    ("GET", "/commits/{ref:path}/check-runs", checks.list_check_runs, "checks"),
    ("GET", "/actions/runs", checks.list_workflow_runs, "actions"),
    ("GET", "/actions/runs/{id:int}/jobs", checks.list_jobs, "actions"),
    ("GET", "/deployments", deployments.list_deployments, "deployments"),
    ("POST", "/deployments", deployments.create_deployment, "deployments"),
    ("GET", "/deployments/{id:int}/statuses", deployments.list_states, "deployments"),
    ("POST", "/deployments/{id:int}/statuses", deployments.create_state, "deployments"),
    ("POST", "/statuses/{sha}", commits.create_status, "statuses"),
    ("GET", "/commits/{ref:path}/status", commits.combined_status, "statuses"),
    ("GET", "/commits/{ref:path}/statuses", commits.list_statuses, "statuses"),
    ("GET", "/commits/{ref:path}", commits.show_commit, "contents"),
]  # fmt: skip
_UPLOAD_ROUTES: list[tuple[str, str, Answer, str]] = [
    ("POST", "/releases/{id:int}/assets", assets.upload_asset, "contents"),
]


async def _refuse(_request: Request, refusal: Any) -> Response:
    answer: Response = refusal.answer()
    return answer


async def _no_route(_request: Request, _error: Exception) -> Response:
    return not_found().answer()
