"""The sync windows of an application and of a project."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.argocd.application import Object
from sandbox.argocd.endpoints import Endpoints
from sandbox.argocd.errors import DENIED, NOT_FOUND, ApiError
from sandbox.argocd.windows import open_windows

_TOLD = ("kind", "schedule", "duration", "manualSync")


class Projects(Endpoints):
    """Sync windows are kept in AppProjects."""

    async def windows_of_application(self, request: Request) -> Response:
        """`canSync` answers for syncs by hand only."""
        windows = self.world.windows(self.find(request))
        answer: Object = {"canSync": windows.allow(manual=True)}
        for name, found in (("active", windows.active), ("assigned", windows.assigned)):
            if found:
                answer[f"{name}Windows"] = [_short(each) for each in found]
        return JSONResponse(answer)

    async def windows(self, request: Request) -> Response:
        """Those of a project that are open now."""
        name = request.path_params["project"]
        caller = self.caller(request)
        if not caller.may("projects", "get", name):
            subject = f"sub: {caller.name}, iat: 2026-08-22T09:00:00Z"
            raise ApiError(DENIED, f"permission denied: projects, get, {name}, {subject}")
        project = self.world.store.project(name)
        if project is None:
            raise ApiError(NOT_FOUND, f'appprojects.argoproj.io "{name}" not found')
        found = open_windows(project)
        return JSONResponse({"windows": found} if found else {})


def _short(window: Object) -> Object:
    return {name: window[name] for name in _TOLD if name in window}
