"""What can be found in a repository of the registry stand-in: tags and referrers."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.registry.access import Access
from sandbox.registry.manifest import OCI_INDEX, RegistryError
from sandbox.registry.store import Store


class Listings:
    """The lists of one registry; that of referrers only if it has one."""

    def __init__(self, store: Store, access: Access, referrers: bool) -> None:
        self._store, self._access = store, access
        self.routes = [Route("/v2/{name:path}/tags/list", self._tags, methods=["GET"])]
        if referrers:
            self.routes.append(Route("/v2/{name:path}/referrers/{digest}", self._list_referrers))

    async def _tags(self, request: Request) -> Response:
        name, asked = self._access.name(request, "pull"), request.query_params
        rest = [tag for tag in self._store.tags(name) if tag > asked.get("last", "")]
        if "n" not in asked:
            return JSONResponse({"name": name, "tags": rest})
        if not asked["n"].isdecimal():
            raise RegistryError(400, "UNSUPPORTED", "n is not a number")
        page = rest[: int(asked["n"])]
        answer = JSONResponse({"name": name, "tags": page})
        if page and len(page) < len(rest):
            query = urlencode({"n": asked["n"], "last": page[-1]})
            answer.headers["Link"] = f'</v2/{name}/tags/list?{query}>; rel="next"'
        return answer

    async def _list_referrers(self, request: Request) -> Response:
        name, wanted = self._access.name(request, "pull"), request.query_params.get("artifactType")
        found = self._store.referrers(name, request.path_params["digest"])
        headers = {}
        if wanted:
            found = [item for item in found if item.get("artifactType") == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return JSONResponse(index, headers=headers, media_type=OCI_INDEX)
