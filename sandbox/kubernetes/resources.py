"""GET, list, watch and PATCH of one kind of custom resources, and lists of any kind."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.kubernetes.errors import StatusError, no_such_resource, not_found
from sandbox.kubernetes.kind import Kind, Object
from sandbox.kubernetes.patch import merge_patch
from sandbox.kubernetes.path import Path
from sandbox.kubernetes.selectors import Test, selected
from sandbox.kubernetes.store import Expired, Objects
from sandbox.kubernetes.watch import Watch
from sandbox.kubernetes.wire import body, not_allowed, number, only_merge_patches, watching


@dataclass
class Controls:
    """What a scenario may turn."""

    bookmarks: float = 60.0  # seconds between two bookmarks of a watch that allows them
    expired_by_status: bool = False  # an expired watch is HTTP 410, not an event of one
    retry_after: int = 1  # seconds told with 429
    failures: list[int] = field(default_factory=list)  # statuses of the next answers
    life: int = 0  # moves with every restart


@dataclass(frozen=True)
class Custom:
    """The endpoints of one kind."""

    store: Objects
    kind: Kind
    controls: Controls

    async def answer(self, request: Request, path: Path) -> Response:
        if path.sub and (path.sub != "status" or not self.kind.status):
            raise no_such_resource()
        if bool(path.namespace) != self.kind.namespaced and (path.name or path.namespace):
            raise no_such_resource()
        if request.method == "PATCH" and path.name:
            only_merge_patches(request)
            changes = await body(request)
            return JSONResponse(self._named(merge_patch(self.store, self.kind, path, changes)))
        if request.method != "GET":
            raise not_allowed()
        if not path.name:
            return self._watch(request, path) if watching(request) else self._list(request, path)
        found = self.store.get(self.kind, path.namespace, path.name)
        if found is None:
            raise not_found(self.kind.resource, path.name)
        return JSONResponse(self._named(found))

    def _named(self, found: Object) -> Object:
        return {"apiVersion": self.kind.api_version, "kind": self.kind.kind, **found}

    def _list(self, request: Request, path: Path) -> Response:
        found = [self._named(each) for each in self.store.all(self.kind, path.namespace)]
        return listed(request, path, found, self.kind.kind, self.store)

    def _watch(self, request: Request, path: Path) -> Response:
        version = number(request, "resourceVersion") or None
        if version is not None and self.controls.expired_by_status:
            _not_expired(self.store, version)
        bookmarks = request.query_params.get("allowWatchBookmarks", "") in ("1", "true")
        watch = Watch(
            self.store,
            self.kind,
            path.namespace,
            _selectors(request, path),
            version,
            timeout=number(request, "timeoutSeconds"),
            bookmarks=self.controls.bookmarks if bookmarks else None,
        )
        return StreamingResponse(watch.lines(self._ended()), media_type="application/json")

    def _ended(self) -> Callable[[], bool]:
        life = self.controls.life
        return lambda: self.controls.life != life


def listed(
    request: Request, path: Path, found: list[Object], kind: str, store: Objects
) -> Response:
    """A list, or the part of it that `limit` and `continue` ask for."""
    version, start = store.version, 0
    if token := request.query_params.get("continue"):
        version, _, begun = base64.b64decode(token).decode().partition(" ")
        _not_expired(store, int(version))
        start = int(begun)
    items = [each for each in found if _selectors(request, path)(each)]
    end = start + (number(request, "limit") or len(items))
    metadata: Object = {"resourceVersion": version}
    if end < len(items):
        metadata["continue"] = base64.b64encode(f"{version} {end}".encode()).decode()
        metadata["remainingItemCount"] = len(items) - end
    api_version = f"{path.group}/{path.version}" if path.group else path.version
    named = {"apiVersion": api_version, "kind": f"{kind}List"}
    return JSONResponse({**named, "metadata": metadata, "items": items[start:end]})


def _selectors(request: Request, path: Path) -> Test:
    query = request.query_params
    return selected(query.get("labelSelector", ""), query.get("fieldSelector", ""), path.plural)


def _not_expired(store: Objects, version: int) -> None:
    try:
        store.since(version)
    except Expired as error:
        raise StatusError(410, str(error)) from error
