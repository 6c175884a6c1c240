"""Everything that is read of applications, and the refresh that hides in a GET."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sandbox.argocd.application import Object
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import DEADLINE, UNAVAILABLE, ApiError
from sandbox.argocd.fields import keep
from sandbox.argocd.page import page
from sandbox.argocd.tree import (
    live_manifest,
    managed_resources,
    resource_tree,
    with_resource_health,
)
from sandbox.argocd.watch import Filter
from sandbox.argocd.wire import of_items, timeout_of
from sandbox.argocd.world import REFRESH


class Reads(Endpoints):
    """GET of one application, of all, and of what belongs to one."""

    async def all(self, request: Request) -> Response:
        """The list comes from a cache, which may be behind."""
        chosen = Filter(self.caller(request), request.query_params)
        known = self.world.store.all(self.world.controls.lag)
        items = [each for each in known if chosen.passes(each)]
        answer = {"metadata": {"resourceVersion": self.world.store.version}}
        fields = request.query_params.get("fields", "")
        return JSONResponse({**answer, "items": keep(items, of_items(fields)) or None})

    async def one(self, request: Request) -> Response:
        application = self.find(request)
        if "refresh" in request.query_params:
            kind = "hard" if request.query_params["refresh"] == "hard" else "normal"
            application = await self._refreshed(request, application, kind)
        return JSONResponse(with_resource_health(application, self.world.live(application)))

    async def _refreshed(self, request: Request, application: Object, kind: str) -> Object:
        """Ask for a compare and wait for the first state without the annotation, without limit."""
        name, life = application["metadata"]["name"], self.world.life
        end = asyncio.get_running_loop().time() + timeout_of(request)
        with self.world.store.watch() as queue:
            self.world.refresh(name, kind)
            while not self.world.stopping.is_set() and not await request.is_disconnected():
                if asyncio.get_running_loop().time() > end:
                    raise ApiError(DEADLINE, "context deadline exceeded")
                if self.world.life != life:
                    raise ApiError(UNAVAILABLE, "connection error: the server is going away")
                try:
                    _, state = await asyncio.wait_for(queue.get(), 0.1)
                except TimeoutError:
                    continue
                asked = REFRESH in state["metadata"].get("annotations", {})
                if state["metadata"]["name"] == name and not asked:
                    return state
        return application

    async def tree(self, request: Request) -> Response:
        return JSONResponse(resource_tree(self.world.live(self.find(request))))

    async def managed(self, request: Request) -> Response:
        application = self.find(request)
        reconciler = self.reconcilers[application["metadata"]["name"]]
        answer = managed_resources(reconciler.targets, self.world.live(application))
        return JSONResponse(keep(answer, request.query_params.get("fields", "")))

    async def resource(self, request: Request) -> Response:
        application = self.find(request)
        name, live = application["metadata"]["name"], self.world.live(application)
        return JSONResponse(live_manifest(name, live, request.query_params))

    async def events(self, request: Request) -> Response:
        application, query = self.find(request), request.query_params
        uid = query.get("resourceUID") or application["metadata"]["uid"]
        known = self.world.store.events
        if query.get("resourceName"):
            known = self.world.cluster.events(query.get("resourceNamespace", ""))
        items = [each for each in known if each["involvedObject"].get("uid") == uid]
        answer = {"metadata": {"resourceVersion": self.world.store.version}}
        return JSONResponse({**answer, "items": items or None})

    async def page(self, request: Request) -> Response:
        application = self.world.store.get(request.path_params["name"])
        namespace = application["metadata"]["namespace"] if application else ""
        if application is None or namespace != request.path_params["namespace"]:
            return PlainTextResponse("no such application\n", 404)
        return HTMLResponse(page(application, self.world.live(application)))
