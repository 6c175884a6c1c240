"""Manifests of the registry stand-in: read, pushed and deleted, by tag or by digest."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.registry.access import Access
from sandbox.registry.manifest import Manifest, RegistryError, algorithm_of
from sandbox.registry.store import Store

LARGEST = 4 * 1024 * 1024  # bytes; the least every registry must accept
_PATH = "/v2/{name:path}/manifests/{reference}"


class Manifests:
    """What is asked about one manifest. `referrers`: whether subjects are noted."""

    def __init__(self, store: Store, access: Access, referrers: bool) -> None:
        self._store, self._access, self._referrers = store, access, referrers
        self.routes = [
            Route(_PATH, self._get, methods=["GET", "HEAD"]),
            Route(_PATH, self._put, methods=["PUT"]),
            Route(_PATH, self._delete, methods=["DELETE"]),
        ]

    async def _get(self, request: Request) -> Response:
        name = self._access.name(request, "pull")
        manifest = self._store.manifest(name, request.path_params["reference"])
        _require_accepted(request, manifest.media_type)
        headers = {
            "Content-Type": manifest.media_type,
            "Docker-Content-Digest": manifest.digest,
        }
        return Response(manifest.body, headers=headers)

    async def _put(self, request: Request) -> Response:
        name, reference = self._access.name(request, "push"), request.path_params["reference"]
        media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        algorithm = algorithm_of(reference) if ":" in reference else "sha256"
        manifest = Manifest(media_type, await _small_body(request), algorithm)
        self._store.put_manifest(name, reference, manifest)
        headers = {
            "Location": f"/v2/{name}/manifests/{manifest.digest}",
            "Docker-Content-Digest": manifest.digest,
        }
        subject = manifest.subject()
        if subject and self._referrers:
            headers["OCI-Subject"] = subject
        return Response(status_code=201, headers=headers)

    async def _delete(self, request: Request) -> Response:
        name = self._access.name(request, "push")
        self._store.delete(name, request.path_params["reference"])
        return Response(status_code=202)


async def _small_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise RegistryError(413, "SIZE_INVALID", f"manifest over {LARGEST} bytes")
    return bytes(body)


def _require_accepted(request: Request, media_type: str) -> None:
    """404, as docker-registry says it, for a client that asks for other media types only."""
    accepted = ",".join(request.headers.getlist("accept")) or "*/*"
    wanted = {item.partition(";")[0].strip() for item in accepted.split(",")}
    if not wanted & {"*/*", "application/*", media_type}:
        message = f"{media_type} found, but the Accept header does not name it"
        raise RegistryError(404, "MANIFEST_UNKNOWN", message)
