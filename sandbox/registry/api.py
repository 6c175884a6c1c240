"""A container registry on loopback, written from the OCI distribution specification 1.1.

All four of its categories: pull (blobs.py, manifests.py), push (uploads.py, manifests.py), content
discovery (listings.py) and content management. Differences from a bare registry are the ones a
delivery has to live with: accounts with rights by repository, and version tags that never move.
"""

from collections.abc import Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.registry.access import HANDLERS, Access, Account
from sandbox.registry.blobs import Blobs
from sandbox.registry.listings import Listings
from sandbox.registry.manifests import Manifests
from sandbox.registry.store import Store
from sandbox.registry.uploads import Uploads
from sandbox.serving import Asgi

__all__ = ["Account", "Registry"]


class Registry:
    """The registry as an ASGI application, `app`, over what `store` keeps.

    `referrers=False` makes it one that, like docker-registry, has no referrers API.
    """

    def __init__(self, root: Path, accounts: Sequence[Account], referrers: bool = True) -> None:
        self.store = Store(root)
        self._access = Access(accounts)
        routes = [Route("/v2/", self._hello), *self._routes(referrers)]
        self.app: Asgi = Starlette(routes=routes, exception_handlers=HANDLERS)

    def _routes(self, referrers: bool) -> list[Route]:
        """Uploads come first: their paths look like those of blobs."""
        store, access = self.store, self._access
        return [
            *Uploads(store, access).routes,
            *Blobs(store, access).routes,
            *Manifests(store, access, referrers).routes,
            *Listings(store, access, referrers).routes,
        ]

    async def _hello(self, request: Request) -> Response:
        self._access.login(request)
        return JSONResponse({}, headers={"Docker-Distribution-Api-Version": "registry/2.0"})
