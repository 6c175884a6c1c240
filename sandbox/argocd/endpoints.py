"""What all endpoints need: who calls, and which application is meant."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.argocd.access import Wanted, find
from sandbox.argocd.accounts import Account, Accounts
from sandbox.argocd.application import Object
from sandbox.argocd.controller import Reconciler
from sandbox.argocd.world import World


@dataclass(frozen=True)
class Endpoints:
    """A group of endpoints over one world."""

    world: World
    accounts: Accounts
    reconcilers: Mapping[str, Reconciler]

    def caller(self, request: Request) -> Account:
        """Raises ApiError 401."""
        return self.accounts.caller(request)

    def find(self, request: Request) -> Object:
        """The application of a path and a query; raises ApiError."""
        query = request.query_params
        project = query.get("project") or query.get("projects") or ""
        wanted = Wanted(request.path_params["name"], project, query.get("appNamespace", ""))
        return find(self.world, self.caller(request), wanted)

    def find_by_body(self, request: Request, body: Object) -> Object:
        """The application of a path and a body: such calls do not read the query."""
        wanted = Wanted(
            request.path_params["name"], body.get("project") or "", body.get("appnamespace") or ""
        )
        return find(self.world, self.caller(request), wanted)
