"""A container registry on loopback, written from the OCI distribution specification 1.1.

Differences from a bare registry are the ones a delivery has to live with: accounts with rights by
repository, and version tags that never move.
"""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.registry.access import HANDLERS, Account, login
from sandbox.registry.manifest import OCI_INDEX, OCI_MANIFEST, Manifest, RegistryError
from sandbox.registry.store import Store, Upload
from sandbox.serving import Asgi

__all__ = ["Account", "Registry"]

LARGEST_MANIFEST = 4 * 1024 * 1024  # bytes; the least every registry must accept


class _File(FileResponse):
    chunk_size = 1024 * 1024  # the default of 64 KiB costs a thread switch each


class Registry:
    """The registry as an ASGI application, `app`, over what `store` keeps.

    `referrers=False` makes it one that, like docker-registry, has no referrers API.
    """

    def __init__(self, root: Path, accounts: Sequence[Account], referrers: bool = True) -> None:
        self.store = Store(root)
        self._accounts = tuple(accounts)
        self._knows_referrers = referrers
        self._uploads: dict[tuple[str, str], Upload] = {}
        self.app: Asgi = Starlette(routes=self._routes(), exception_handlers=HANDLERS)

    def _routes(self) -> list[Route]:
        name = "/v2/{name:path}"
        upload = name + "/blobs/uploads/{upload}"
        manifest = name + "/manifests/{reference}"
        routes = [
            Route("/v2/", self._hello),
            Route(name + "/blobs/uploads/", self._start_upload, methods=["POST"]),
            Route(upload, self._upload_status, methods=["GET"]),
            Route(upload, self._append_upload, methods=["PATCH"]),
            Route(upload, self._finish_upload, methods=["PUT"]),
            Route(upload, self._cancel_upload, methods=["DELETE"]),
            Route(name + "/blobs/{digest}", self._get_blob, methods=["GET", "HEAD"]),
            Route(manifest, self._get_manifest, methods=["GET", "HEAD"]),
            Route(manifest, self._put_manifest, methods=["PUT"]),
            Route(manifest, self._delete_manifest, methods=["DELETE"]),
            Route(name + "/tags/list", self._list_tags, methods=["GET"]),
        ]
        if self._knows_referrers:
            routes.append(Route(name + "/referrers/{digest}", self._list_referrers))
        return routes

    # Who asks

    def _name(self, request: Request, action: str) -> str:
        """The repository of the request, which its account may pull from or push to."""
        name: str = request.path_params["name"]
        if not login(request, self._accounts).may(action, name):
            detail = {"name": name, "action": action}
            raise RegistryError(403, "DENIED", "requested access to the resource is denied", detail)
        return name

    async def _hello(self, request: Request) -> Response:
        login(request, self._accounts)
        return JSONResponse({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    # Blobs

    async def _get_blob(self, request: Request) -> Response:
        name = self._name(request, "pull")
        digest = request.path_params["digest"]
        path = self.store.blob(name, digest)
        headers = {"Docker-Content-Digest": digest}
        return _File(path, media_type="application/octet-stream", headers=headers)

    async def _start_upload(self, request: Request) -> Response:
        name, asked = self._name(request, "push"), request.query_params
        if self._mount(request, name):
            return _blob_created(name, asked["mount"])
        upload = self.store.new_upload()
        if "digest" in asked:
            await _receive(request, upload)
            self.store.finish(name, upload, asked["digest"])
            return _blob_created(name, asked["digest"])
        self._uploads[name, upload.path.name] = upload
        return _progress(202, name, upload)

    def _mount(self, request: Request, name: str) -> bool:
        """Take a blob over from a repository that the account may read; else it is uploaded."""
        digest, source = (request.query_params.get(key, "") for key in ("mount", "from"))
        if not (digest and source and login(request, self._accounts).may("pull", source)):
            return False
        return self.store.mount(name, source, digest)

    def _upload(self, request: Request) -> tuple[str, Upload]:
        name = self._name(request, "push")
        upload = self._uploads.get((name, request.path_params["upload"]))
        if upload is None:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return name, upload

    async def _upload_status(self, request: Request) -> Response:
        return _progress(204, *self._upload(request))

    async def _append_upload(self, request: Request) -> Response:
        name, upload = self._upload(request)
        await _receive(request, upload)
        return _progress(202, name, upload)

    async def _finish_upload(self, request: Request) -> Response:
        name, upload = self._upload(request)
        digest = request.query_params.get("digest", "")
        await _receive(request, upload)
        self._uploads.pop((name, upload.path.name), None)
        self.store.finish(name, upload, digest)
        return _blob_created(name, digest)

    async def _cancel_upload(self, request: Request) -> Response:
        name, upload = self._upload(request)
        del self._uploads[name, upload.path.name]
        upload.path.unlink()
        return Response(status_code=204)

    # Manifests

    async def _get_manifest(self, request: Request) -> Response:
        name = self._name(request, "pull")
        manifest = self.store.manifest(name, request.path_params["reference"])
        if manifest.media_type in (OCI_MANIFEST, OCI_INDEX):
            _require_accept(request, manifest.media_type)
        headers = {
            "Content-Type": manifest.media_type,
            "Docker-Content-Digest": manifest.digest,
        }
        return Response(manifest.body, headers=headers)

    async def _put_manifest(self, request: Request) -> Response:
        name = self._name(request, "push")
        media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        manifest = Manifest(media_type, await _small_body(request))
        self.store.put_manifest(name, request.path_params["reference"], manifest)
        headers = {
            "Location": f"/v2/{name}/manifests/{manifest.digest}",
            "Docker-Content-Digest": manifest.digest,
        }
        subject = manifest.subject()
        if subject and self._knows_referrers:
            headers["OCI-Subject"] = subject
        return Response(status_code=201, headers=headers)

    async def _delete_manifest(self, request: Request) -> Response:
        name = self._name(request, "push")
        self.store.delete_manifest(name, request.path_params["reference"])
        return Response(status_code=202)

    async def _list_tags(self, request: Request) -> Response:
        name, asked = self._name(request, "pull"), request.query_params
        rest = [tag for tag in self.store.tags(name) if tag > asked.get("last", "")]
        if "n" not in asked:
            return JSONResponse({"name": name, "tags": rest})
        if not asked["n"].isdecimal():
            raise RegistryError(400, "PAGINATION_NUMBER_INVALID", "invalid number of results")
        page = rest[: int(asked["n"])]
        answer = JSONResponse({"name": name, "tags": page})
        if page and len(page) < len(rest):
            query = urlencode({"n": asked["n"], "last": page[-1]})
            answer.headers["Link"] = f'</v2/{name}/tags/list?{query}>; rel="next"'
        return answer

    async def _list_referrers(self, request: Request) -> Response:
        name, wanted = (
            self._name(request, "pull"),
            request.query_params.get("artifactType"),
        )
        found = self.store.referrers(name, request.path_params["digest"])
        headers = {}
        if wanted:
            found = [item for item in found if item.get("artifactType") == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return JSONResponse(index, headers=headers, media_type=OCI_INDEX)


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body behind what is there; a chunk that does not fit there is refused."""
    start = request.headers.get("content-range", str(upload.size)).partition("-")[0]
    if start != str(upload.size):
        message = f"the chunk starts at {start}, but {upload.size} bytes are here"
        raise RegistryError(416, "BLOB_UPLOAD_INVALID", message)
    with upload.path.open("ab") as file:
        async for chunk in request.stream():
            file.write(chunk)
            upload.count(chunk)


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_MANIFEST:
            raise RegistryError(413, "SIZE_INVALID", f"manifest over {LARGEST_MANIFEST} bytes")
    return bytes(body)


def _require_accept(request: Request, media_type: str) -> None:
    """docker-registry hides OCI manifests from clients that do not ask for them by name."""
    accepted = ",".join(request.headers.getlist("accept")).split(",")
    if media_type not in (item.partition(";")[0].strip() for item in accepted):
        message = f"{media_type} found, but the Accept header does not name it"
        raise RegistryError(404, "MANIFEST_UNKNOWN", message)


def _progress(status: int, name: str, upload: Upload) -> Response:
    headers = {
        "Location": f"/v2/{name}/blobs/uploads/{upload.path.name}",
        "Docker-Upload-UUID": upload.path.name,
        "Range": f"0-{max(upload.size - 1, 0)}",
    }
    return Response(status_code=status, headers=headers)


def _blob_created(name: str, digest: str) -> Response:
    headers = {
        "Location": f"/v2/{name}/blobs/{digest}",
        "Docker-Content-Digest": digest,
    }
    return Response(status_code=201, headers=headers)
