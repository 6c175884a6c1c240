"""The HTTP face: sign-in, access, and which part answers a path."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.argocd import ArgoCD
from sandbox.cluster.controller import Cluster
from sandbox.kubernetes import core
from sandbox.kubernetes.access import ADMIN, Account, caller, require
from sandbox.kubernetes.discovery import discovered
from sandbox.kubernetes.errors import StatusError, no_such_resource, not_found
from sandbox.kubernetes.kind import Object
from sandbox.kubernetes.path import Path, parse
from sandbox.kubernetes.resources import Controls, Custom, listed
from sandbox.kubernetes.store import Objects
from sandbox.kubernetes.wire import body, not_allowed, verb, watching
from sandbox.serving import Receive, Scope, Send

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Kubernetes:
    """Serve `app`. Applications come from `argocd`, other custom resources from `objects`."""

    def __init__(
        self,
        cluster: Cluster,
        objects: Objects,
        argocd: ArgoCD | None = None,
        accounts: Iterable[Account] = (ADMIN,),
    ) -> None:
        self.controls = Controls()
        self.accounts = list(accounts)
        self._cluster = cluster
        self._stores = [objects, *([argocd.objects] if argocd else [])]

    def kubeconfig(self, url: str, token: str = ADMIN.token, namespace: str = "default") -> Object:
        """A kubeconfig with one context, as a dictionary."""
        context = {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": url}}],
            "users": [{"name": "sandbox", "user": {"token": token}}],
            "contexts": [{"name": "sandbox", "context": context}],
            "current-context": "sandbox",
        }

    def fail(self, status: int, times: int = 1) -> None:
        """Refuse the next requests with 429, 500 or 503."""
        self.controls.failures += [status] * times

    def restart(self) -> None:
        """End every open watch, as a restart of the API server does."""
        self.controls.life += 1

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app."""
        if scope["type"] != "http":
            return
        try:
            response = await self._answer(Request(scope, receive))
        except StatusError as error:
            response = error.answer()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        self._fail_if_told()
        account = caller(self.accounts, request.headers.get("authorization", ""))
        where = request.url.path
        if where == _REVIEWS and request.method == "POST":
            return _review(account, await body(request))
        if where in ("/healthz", "/livez", "/readyz"):
            return PlainTextResponse("ok")
        kinds = {kind for store in self._stores for kind in store.kinds}
        if (found := discovered(where.rstrip("/"), kinds)) is not None:
            return JSONResponse(found)
        path = parse(where)
        if path is None:
            raise no_such_resource()
        require(account, verb(request, path), path)
        for custom in self._custom():
            kind = custom.kind
            if (kind.group, kind.version, kind.plural) == (path.group, path.version, path.plural):
                return await custom.answer(request, path)
        return self._built_in(request, path)

    def _fail_if_told(self) -> None:
        if not self.controls.failures:
            return
        status = self.controls.failures.pop(0)
        if status == 429:
            text = "the server has received too many requests and has asked us to try again later"
            raise StatusError(429, text, retryAfterSeconds=self.controls.retry_after)
        raise StatusError(status, "the server is currently unable to handle the request")

    def _custom(self) -> list[Custom]:
        return [
            Custom(store, kind, self.controls) for store in self._stores for kind in store.kinds
        ]

    def _built_in(self, request: Request, path: Path) -> Response:
        kind = core.BUILT_IN.get(path.plural)
        if kind is None or (kind.group, "v1") != (path.group, path.version):
            raise no_such_resource()
        if request.method != "GET" or watching(request):
            raise not_allowed()
        if (path.plural, path.sub) == ("pods", "log"):
            query = dict(request.query_params)
            return PlainTextResponse(core.log(self._cluster, path.namespace, path.name, query))
        if path.sub:
            raise no_such_resource()
        events = [event for store in self._stores for event in store.events]
        found = core.built_in(self._cluster, events, path.plural, path.namespace)
        if not path.name:
            return listed(request, path, found, kind.kind, self._stores[0])
        for each in found:
            if each["metadata"]["name"] == path.name:
                return JSONResponse(each)
        raise not_found(path.object_resource, path.name)


def _review(account: Account, asked: Object) -> Response:
    """A SelfSubjectAccessReview: whether the caller may do what it describes."""
    wanted = (asked.get("spec") or {}).get("resourceAttributes") or {}
    resource, group = wanted.get("resource", ""), wanted.get("group", "")
    resource += f".{group}" if group else ""
    resource += f"/{wanted['subresource']}" if wanted.get("subresource") else ""
    allowed = account.may(wanted.get("verb", ""), resource, wanted.get("namespace", ""))
    return JSONResponse({**asked, "status": {"allowed": allowed}}, 201)
