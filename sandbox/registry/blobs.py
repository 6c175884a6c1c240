"""Blobs of the registry stand-in: read as a whole or in part, and deleted."""

import re

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from sandbox.registry.access import Access
from sandbox.registry.manifest import RegistryError
from sandbox.registry.store import Store

_PATH = "/v2/{name:path}/blobs/{digest}"
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class _File(FileResponse):
    chunk_size = 1024 * 1024  # the default of 64 KiB costs a thread switch each


class Blobs:
    """What is asked about blobs that are there."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store, self._access = store, access
        self.routes = [
            Route(_PATH, self._get, methods=["GET", "HEAD"]),
            Route(_PATH, self._delete, methods=["DELETE"]),
        ]

    async def _get(self, request: Request) -> Response:
        name = self._access.name(request, "pull")
        digest = request.path_params["digest"]
        path = self._store.blob(name, digest)
        _check_range(request.headers.get("range", ""), path.stat().st_size)
        headers = {"Docker-Content-Digest": digest}
        return _File(path, media_type="application/octet-stream", headers=headers)

    async def _delete(self, request: Request) -> Response:
        name = self._access.name(request, "push")
        self._store.delete_blob(name, request.path_params["digest"])
        return Response(status_code=202)


def _check_range(asked: str, size: int) -> None:
    """Refuse a part that is not in the blob; the response itself reads every other form."""
    match = _RANGE.fullmatch(asked)
    if not match:
        return
    first, last = int(match[1]), int(match[2] or size)
    if first >= size or last < first:
        message = f"no byte of {asked} is in a blob of {size} bytes"
        raise RegistryError(
            416, "SIZE_INVALID", message, headers={"Content-Range": f"bytes */{size}"}
        )
