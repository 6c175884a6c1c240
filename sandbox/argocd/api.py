"""The HTTP face: routes, sign-in, and answers in the shapes of the original."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.argocd.accounts import Accounts
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import ApiError
from sandbox.argocd.logs import Logs
from sandbox.argocd.projects import Projects
from sandbox.argocd.reads import Reads
from sandbox.argocd.revisions import Revisions
from sandbox.argocd.watch import Streams
from sandbox.argocd.webhook import webhook
from sandbox.argocd.wire import Endpoint, answering, body_of, json_only
from sandbox.argocd.world import World
from sandbox.argocd.writes import Writes
from sandbox.serving import Asgi

_ONE = "/api/v1/applications/{name}"


class Api:
    """All endpoints over one world."""

    def __init__(
        self,
        world: World,
        accounts: Accounts,
        reconcilers: Mapping[str, Reconciler],
        webhook_secret: str,
    ) -> None:
        self._world = world
        self._all = Endpoints(world, accounts, reconcilers)
        self._secret = webhook_secret
        routes = Starlette(routes=self._routes())
        routes.router.redirect_slashes = False
        self.app: Asgi = json_only(routes)

    def _routes(self) -> list[Route]:
        shared = (self._all.world, self._all.accounts, self._all.reconcilers)
        reads, writes, revisions = Reads(*shared), Writes(*shared), Revisions(*shared)
        projects, logs = Projects(*shared), Logs(*shared)
        calls: list[tuple[str, str, Endpoint]] = [
            ("GET", "/healthz", self._healthz),
            ("GET", "/api/version", self._version),
            ("POST", "/api/v1/session", self._login),
            ("GET", "/api/v1/session/userinfo", self._userinfo),
            ("GET", "/api/v1/account/can-i/{resource}/{action}/{target:path}", self._can_i),
            ("GET", "/api/v1/settings", self._settings),
            ("GET", "/api/v1/applications", reads.all),
            ("GET", _ONE, reads.one),
            ("PATCH", _ONE, writes.patch),
            ("DELETE", _ONE, writes.delete),
            ("PUT", f"{_ONE}/spec", writes.spec),
            ("POST", f"{_ONE}/sync", writes.sync),
            ("POST", f"{_ONE}/rollback", writes.rollback),
            ("DELETE", f"{_ONE}/operation", writes.terminate),
            ("GET", f"{_ONE}/resource-tree", reads.tree),
            ("GET", f"{_ONE}/managed-resources", reads.managed),
            ("GET", f"{_ONE}/resource", reads.resource),
            ("GET", f"{_ONE}/events", reads.events),
            ("GET", f"{_ONE}/logs", logs.read),
            ("GET", f"{_ONE}/pods/{{pod}}/logs", logs.read),
            ("GET", f"{_ONE}/revisions/{{revision}}/metadata", revisions.commit),
            ("GET", f"{_ONE}/revisions/{{revision}}/chartdetails", revisions.chart),
            ("GET", f"{_ONE}/revisions/{{revision}}/ocimetadata", revisions.oci),
            ("GET", f"{_ONE}/syncwindows", projects.windows_of_application),
            ("GET", "/api/v1/projects/{project}/syncwindows", projects.windows),
            ("GET", "/applications/{namespace}/{name}", reads.page),
            ("POST", "/api/webhook", self._webhook),
        ]
        stream = Streams(self._world, self._all.accounts)
        return [
            Route("/api/v1/stream/applications", stream, methods=["GET"]),
            *(Route(path, answering(call), methods=[verb]) for verb, path, call in calls),
        ]

    async def _healthz(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def _version(self, request: Request) -> Response:
        answer = {"Version": self._world.controls.version}
        try:
            self._all.caller(request)
        except ApiError:
            return JSONResponse(answer)
        return JSONResponse({**answer, "Compiler": "none", "Platform": "sandbox"})

    async def _login(self, request: Request) -> Response:
        body = await body_of(request)
        token = self._all.accounts.login(body.get("username", ""), body.get("password", ""))
        response = JSONResponse({"token": token})
        cookie = f"argocd.token={token}; path=/; SameSite=lax; httpOnly"
        response.headers["Set-Cookie"] = cookie
        return response

    async def _userinfo(self, request: Request) -> Response:
        try:
            name = self._all.caller(request).name
        except ApiError:
            return JSONResponse({})
        return JSONResponse({"loggedIn": True, "username": name, "iss": "argocd"})

    async def _can_i(self, request: Request) -> Response:
        path = request.path_params
        allowed = self._all.caller(request).may(path["resource"], path["action"], path["target"])
        return JSONResponse({"value": "yes" if allowed else "no"})

    async def _settings(self, request: Request) -> Response:
        answer = {
            "url": str(request.base_url).rstrip("/"),
            "appLabelKey": "app.kubernetes.io/instance",
            "trackingMethod": "annotation",
            "controllerNamespace": "argocd",
        }
        return JSONResponse(answer)

    async def _webhook(self, request: Request) -> Response:
        return await webhook(self._world, self._secret, request)
