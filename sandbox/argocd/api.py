"""The HTTP face: routes, sign-in, and answers in the shapes of the original."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.argocd.access import Wanted, find
from sandbox.argocd.accounts import Account, Accounts, require
from sandbox.argocd.application import FINAL, Object, operation_state, target
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.errors import DEADLINE, INVALID, UNKNOWN, ApiError
from sandbox.argocd.fields import keep
from sandbox.argocd.page import page
from sandbox.argocd.sync_request import sync
from sandbox.argocd.tree import (
    live_manifest,
    managed_resources,
    resource_tree,
    with_resource_health,
)
from sandbox.argocd.watch import Filter, Streams
from sandbox.argocd.webhook import webhook
from sandbox.argocd.wire import absent, answering, body_of, json_only, of_items, timeout_of
from sandbox.argocd.world import REFRESH, World
from sandbox.rendering.repository import FULL_SHA, RepoError
from sandbox.serving import Asgi


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
        self._accounts = accounts
        self._reconcilers = reconcilers
        self._secret = webhook_secret
        routes = Starlette(routes=self._routes())
        routes.router.redirect_slashes = False
        self.app: Asgi = json_only(routes)

    def _routes(self) -> list[Route]:
        one = "/api/v1/applications/{name}"
        get = {
            "/healthz": self._healthz,
            "/api/version": self._version,
            "/api/v1/session/userinfo": self._userinfo,
            "/api/v1/account/can-i/{resource}/{action}/{target:path}": self._can_i,
            "/api/v1/settings": self._settings,
            "/api/v1/applications": self._list,
            one: self._get,
            f"{one}/resource-tree": self._tree,
            f"{one}/managed-resources": self._managed,
            f"{one}/resource": self._resource,
            f"{one}/events": self._events,
            f"{one}/revisions/{{revision}}/metadata": self._metadata,
            f"{one}/syncwindows": self._windows,
            "/applications/{namespace}/{name}": self._page,
        }
        streams = Streams(self._world, self._accounts)
        routes = [
            Route("/api/v1/stream/applications", streams, methods=["GET"]),
            *(Route(path, answering(call), methods=["GET"]) for path, call in get.items()),
            Route("/api/v1/session", answering(self._login), methods=["POST"]),
            Route(f"{one}/sync", answering(self._sync), methods=["POST"]),
            Route(f"{one}/operation", answering(self._terminate), methods=["DELETE"]),
            Route("/api/webhook", answering(self._webhook), methods=["POST"]),
        ]
        left_out = [(one, "PATCH"), (f"{one}/spec", "PUT"), (f"{one}/rollback", "POST")]
        routes += [Route(path, answering(absent), methods=[verb]) for path, verb in left_out]
        return routes

    def _caller(self, request: Request) -> Account:
        return self._accounts.caller(request)

    def _find(self, request: Request) -> Object:
        query = request.query_params
        project = query.get("project") or query.get("projects") or ""
        wanted = Wanted(request.path_params["name"], project, query.get("appNamespace", ""))
        return find(self._world, self._caller(request), wanted)

    def _objects(self, application: Object) -> list[Object]:
        namespace = application["spec"]["destination"].get("namespace", "default")
        return self._world.cluster.objects(namespace)

    async def _healthz(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def _version(self, request: Request) -> Response:
        answer = {"Version": self._world.controls.version}
        try:
            self._caller(request)
        except ApiError:
            return JSONResponse(answer)
        return JSONResponse({**answer, "Compiler": "none", "Platform": "sandbox"})

    async def _login(self, request: Request) -> Response:
        body = await body_of(request)
        token = self._accounts.login(body.get("username", ""), body.get("password", ""))
        response = JSONResponse({"token": token})
        cookie = f"argocd.token={token}; path=/; SameSite=lax; httpOnly"
        response.headers["Set-Cookie"] = cookie
        return response

    async def _userinfo(self, request: Request) -> Response:
        try:
            name = self._caller(request).name
        except ApiError:
            return JSONResponse({})
        return JSONResponse({"loggedIn": True, "username": name, "iss": "argocd"})

    async def _can_i(self, request: Request) -> Response:
        path = request.path_params
        allowed = self._caller(request).may(path["resource"], path["action"], path["target"])
        return JSONResponse({"value": "yes" if allowed else "no"})

    async def _settings(self, request: Request) -> Response:
        answer = {
            "url": str(request.base_url).rstrip("/"),
            "appLabelKey": "app.kubernetes.io/instance",
            "trackingMethod": "annotation",
            "controllerNamespace": "argocd",
        }
        return JSONResponse(answer)

    async def _list(self, request: Request) -> Response:
        chosen = Filter(self._caller(request), request.query_params)
        items = [each for each in self._world.store.all() if chosen.passes(each)]
        answer = {"metadata": {"resourceVersion": self._world.store.version}}
        fields = request.query_params.get("fields", "")
        return JSONResponse({**answer, "items": keep(items, of_items(fields)) or None})

    async def _get(self, request: Request) -> Response:
        application = self._find(request)
        if "refresh" in request.query_params:
            kind = "hard" if request.query_params["refresh"] == "hard" else "normal"
            application = await self._refreshed(request, application, kind)
        return JSONResponse(with_resource_health(application, self._objects(application)))

    async def _refreshed(self, request: Request, application: Object, kind: str) -> Object:
        """Ask for a compare and wait for the first state without the annotation, without limit."""
        name = application["metadata"]["name"]
        end = asyncio.get_running_loop().time() + timeout_of(request)
        with self._world.store.watch() as queue:
            self._world.refresh(name, kind)
            while not self._world.stopping.is_set() and not await request.is_disconnected():
                if asyncio.get_running_loop().time() > end:
                    raise ApiError(DEADLINE, "context deadline exceeded")
                try:
                    _, state = await asyncio.wait_for(queue.get(), 0.1)
                except TimeoutError:
                    continue
                asked = REFRESH in state["metadata"].get("annotations", {})
                if state["metadata"]["name"] == name and not asked:
                    return state
        return application

    async def _sync(self, request: Request) -> Response:
        caller = self._caller(request)
        name, body = request.path_params["name"], await body_of(request)
        return JSONResponse(await asyncio.to_thread(sync, self._world, caller, name, body))

    async def _terminate(self, request: Request) -> Response:
        application = self._find(request)
        require(self._caller(request), "sync", target(application))

        def terminate(current: Object) -> None:
            phase = operation_state(current).get("phase", "")
            if not current.get("operation") or phase in ("", *FINAL):
                text = "Unable to terminate operation. No operation is in progress"
                raise ApiError(INVALID, text)
            current["status"]["operationState"]["phase"] = "Terminating"

        self._world.store.patch(application["metadata"]["name"], terminate)
        return JSONResponse({})

    async def _tree(self, request: Request) -> Response:
        return JSONResponse(resource_tree(self._objects(self._find(request))))

    async def _managed(self, request: Request) -> Response:
        application = self._find(request)
        reconciler = self._reconcilers[application["metadata"]["name"]]
        answer = managed_resources(reconciler.target, self._objects(application))
        return JSONResponse(keep(answer, request.query_params.get("fields", "")))

    async def _resource(self, request: Request) -> Response:
        application = self._find(request)
        name, objects = application["metadata"]["name"], self._objects(application)
        return JSONResponse(live_manifest(name, objects, request.query_params))

    async def _events(self, request: Request) -> Response:
        application, query = self._find(request), request.query_params
        uid = query.get("resourceUID") or application["metadata"]["uid"]
        known = self._world.store.events
        if query.get("resourceName"):
            known = self._world.cluster.events(query.get("resourceNamespace", ""))
        items = [each for each in known if each["involvedObject"].get("uid") == uid]
        answer = {"metadata": {"resourceVersion": self._world.store.version}}
        return JSONResponse({**answer, "items": items or None})

    async def _metadata(self, request: Request) -> Response:
        application, revision = self._find(request), request.path_params["revision"]
        spec = application["spec"]
        index = int(request.query_params.get("sourceIndex", 0))
        source = spec["sources"][index] if "sources" in spec else spec["source"]
        if not FULL_SHA.fullmatch(revision):
            raise ApiError(UNKNOWN, f"revision {revision} must be resolved")
        repository = self._world.repository(source["repoURL"])
        try:
            found = await asyncio.to_thread(repository.metadata, revision)
        except RepoError as error:
            raise ApiError(UNKNOWN, str(error)) from error
        when = datetime.fromtimestamp(int(found["date"]), UTC)
        return JSONResponse({**found, "date": when.strftime("%Y-%m-%dT%H:%M:%SZ")})

    async def _windows(self, request: Request) -> Response:
        self._find(request)
        return JSONResponse({"canSync": True})

    async def _webhook(self, request: Request) -> Response:
        return await webhook(self._world, self._secret, request)

    async def _page(self, request: Request) -> Response:
        application = self._world.store.get(request.path_params["name"])
        namespace = application["metadata"]["namespace"] if application else ""
        if application is None or namespace != request.path_params["namespace"]:
            return PlainTextResponse("no such application\n", 404)
        return HTMLResponse(page(application, self._objects(application)))
