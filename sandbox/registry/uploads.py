"""Blobs on their way into the registry stand-in: in one piece, in chunks, or from a neighbour."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.registry.access import Access
from sandbox.registry.manifest import RegistryError
from sandbox.registry.store import Store, Upload

_PATH = "/v2/{name:path}/blobs/uploads/"
_CHUNK = re.compile(r"(\d+)-(\d+)")


class Uploads:
    """The open uploads of one registry."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store, self._access = store, access
        self._open: dict[tuple[str, str], Upload] = {}
        upload = _PATH + "{upload}"
        self.routes = [
            Route(_PATH, self._start, methods=["POST"]),
            Route(upload, self._status, methods=["GET"]),
            Route(upload, self._append, methods=["PATCH"]),
            Route(upload, self._finish, methods=["PUT"]),
            Route(upload, self._cancel, methods=["DELETE"]),
        ]

    async def _start(self, request: Request) -> Response:
        name, asked = self._access.name(request, "push"), request.query_params
        if "mount" in asked and self._mount(request, name):
            return _created(name, asked["mount"])
        upload = self._store.new_upload()
        if "digest" in asked:
            await _receive(request, upload)
            self._store.finish(name, upload, asked["digest"])
            return _created(name, asked["digest"])
        self._open[name, upload.path.name] = upload
        return _progress(202, name, upload)

    def _mount(self, request: Request, name: str) -> bool:
        """Take a blob over from a repository that the account may read; else it is uploaded."""
        digest, source = request.query_params["mount"], request.query_params.get("from")
        sources = [source] if source else self._store.holders(digest)
        account = self._access.login(request)
        readable = (each for each in sources if account.may("pull", each))
        return any(self._store.mount(name, each, digest) for each in readable)

    def _upload(self, request: Request) -> tuple[str, Upload]:
        name = self._access.name(request, "push")
        upload = self._open.get((name, request.path_params["upload"]))
        if upload is None:
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        return name, upload

    async def _status(self, request: Request) -> Response:
        return _progress(204, *self._upload(request))

    async def _append(self, request: Request) -> Response:
        name, upload = self._upload(request)
        await _receive(request, upload)
        return _progress(202, name, upload)

    async def _finish(self, request: Request) -> Response:
        name, upload = self._upload(request)
        digest = request.query_params.get("digest", "")
        await _receive(request, upload)
        if self._open.pop((name, upload.path.name), None) is None:  # finished meanwhile
            raise RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        self._store.finish(name, upload, digest)
        return _created(name, digest)

    async def _cancel(self, request: Request) -> Response:
        name, upload = self._upload(request)
        del self._open[name, upload.path.name]
        upload.path.unlink()
        return Response(status_code=204)


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body behind what is there, if that is where it belongs."""
    async with upload.lock:  # of two senders of one chunk, the second is out of order
        _check_chunk(request, upload)
        with upload.path.open("ab") as file:
            async for chunk in request.stream():
                file.write(chunk)
                upload.count(chunk)


def _check_chunk(request: Request, upload: Upload) -> None:
    said = request.headers.get("content-range")
    if said is None:
        return
    match = _CHUNK.fullmatch(said)
    if not match or int(match[1]) != upload.size:
        message = f"{said} does not follow the {upload.size} bytes that are here"
        raise RegistryError(416, "BLOB_UPLOAD_INVALID", message)
    length = int(match[2]) - int(match[1]) + 1
    if int(request.headers.get("content-length", length)) != length:
        message = f"{said} is not a chunk of {request.headers['content-length']} bytes"
        raise RegistryError(400, "SIZE_INVALID", message)


def _progress(status: int, name: str, upload: Upload) -> Response:
    headers = {
        "Location": f"/v2/{name}/blobs/uploads/{upload.path.name}",
        "Docker-Upload-UUID": upload.path.name,
        "Range": f"0-{max(upload.size - 1, 0)}",
    }
    return Response(status_code=status, headers=headers)


def _created(name: str, digest: str) -> Response:
    headers = {
        "Location": f"/v2/{name}/blobs/{digest}",
        "Docker-Content-Digest": digest,
    }
    return Response(status_code=201, headers=headers)
