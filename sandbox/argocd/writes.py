"""Everything that changes an application: its spec, its operation, its end."""

import asyncio
import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.argocd.accounts import require
from sandbox.argocd.application import FINAL, Object, automated, operation_state, target
from sandbox.argocd.deletion import FINALIZER
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import INVALID, PRECONDITION, ApiError
from sandbox.argocd.sync_request import start, sync
from sandbox.argocd.validation import validated
from sandbox.argocd.wire import body_of
from sandbox.kubernetes.patch import merged

_PATCHED = ("labels", "annotations", "finalizers")


class Writes(Endpoints):
    """The calls that need more than `get`."""

    async def sync(self, request: Request) -> Response:
        caller, body = self.caller(request), await body_of(request)
        name = request.path_params["name"]
        return JSONResponse(await asyncio.to_thread(sync, self.world, caller, name, body))

    async def terminate(self, request: Request) -> Response:
        application = self.find(request)
        require(self.caller(request), "sync", target(application))

        def terminate(current: Object) -> None:
            phase = operation_state(current).get("phase", "")
            if not current.get("operation") or phase in ("", *FINAL):
                text = "Unable to terminate operation. No operation is in progress"
                raise ApiError(INVALID, text)
            current["status"]["operationState"]["phase"] = "Terminating"

        self.world.store.patch(application["metadata"]["name"], terminate)
        return JSONResponse({})

    async def rollback(self, request: Request) -> Response:
        """To an entry of the history; auto-sync would undo it, so it must be off."""
        body = await body_of(request)
        application, caller = self.find_by_body(request, body), self.caller(request)
        require(caller, "sync", target(application))
        name, wanted = application["metadata"]["name"], body.get("id", 0)
        if "deletionTimestamp" in application["metadata"]:
            raise ApiError(PRECONDITION, "application is deleting")
        if automated(application) is not None:
            text = "rollback cannot be initiated when auto-sync is enabled"
            raise ApiError(PRECONDITION, text)
        history = application["status"].get("history", [])
        entry = next((each for each in history if each["id"] == wanted), None)
        if entry is None:
            text = f"application {name} does not have deployment with id {wanted}"
            raise ApiError(INVALID, text)
        asked = {key: True for key in ("prune", "dryRun") if body.get(key.lower())}
        kept = ("revision", "revisions", "source", "sources")
        applied = {key: entry[key] for key in kept if key in entry}
        if "sources" in applied:
            del applied["source"]
        operation = {
            "sync": {**applied, **asked, "syncStrategy": {"apply": {}}},
            "initiatedBy": {"username": caller.name},
            "retry": {},
        }
        return JSONResponse(start(self.world, caller, name, operation))

    async def patch(self, request: Request) -> Response:
        """A merge patch; the status and the operation stay what they are."""
        body = await body_of(request)
        application = self.find_by_body(request, body)
        require(self.caller(request), "update", target(application))
        kind = body.get("patchtype") or "json"
        if kind != "merge":
            raise ApiError(INVALID, f"Patch type '{kind}' is not supported")
        try:
            changes = json.loads(body.get("patch") or "")
        except ValueError as error:
            raise ApiError(INVALID, f"error decoding the patch: {error}") from error
        wanted = merged(application, changes)
        return JSONResponse(self._update(application, wanted))

    async def spec(self, request: Request) -> Response:
        """Replaces the spec as a whole."""
        application = self.find(request)
        require(self.caller(request), "update", target(application))
        try:
            spec = json.loads(await request.body())
        except ValueError as error:
            raise ApiError(INVALID, f"invalid character in body: {error}") from error
        return JSONResponse(self._update(application, {**application, "spec": spec})["spec"])

    async def delete(self, request: Request) -> Response:
        """Marks it; with `cascade`, which is the default, its resources go too."""
        application = self.find(request)
        require(self.caller(request), "delete", target(application))
        name = application["metadata"]["name"]
        if request.query_params.get("cascade", "true") == "true":
            self.world.store.patch(name, _with_finalizer)
        self.world.store.begin_deletion(name)
        return JSONResponse({})

    def _update(self, application: Object, wanted: Object) -> Object:
        validated(self.world, wanted)

        def change(current: Object) -> None:
            current["spec"] = wanted["spec"]
            for part in _PATCHED:
                current["metadata"].pop(part, None)
                if wanted["metadata"].get(part):
                    current["metadata"][part] = wanted["metadata"][part]

        return self.world.store.patch(application["metadata"]["name"], change)


def _with_finalizer(application: Object) -> None:
    known = application["metadata"].setdefault("finalizers", [])
    if FINALIZER not in known:
        known.append(FINALIZER)
