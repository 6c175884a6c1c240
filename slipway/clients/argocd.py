"""Argo CD's REST API: the calls that watching and starting a sync need.

Shapes and rules: Argo CD source, v3.5 line. Every call names the project, because without it a
missing application and a forbidden one look alike. Nothing here judges what an answer means.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from slipway.clients.argocd_connection import (
    Connection,
    Json,
    body,
    is_json,
    items,
    limit,
    path_of,
    query_of,
)
from slipway.clients.argocd_failures import denied, failure
from slipway.clients.argocd_live import Live
from slipway.clients.argocd_stream import Limits, Stream
from slipway.clients.http import async_client, unreachable
from slipway.clients.http import client as http_client
from slipway.errors import SlipwayError
from slipway.service import Application
from slipway.settings import Settings


class Client:
    """One API server. Methods take the seconds they may last and raise `slipway.errors`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http, self._connection = http, Connection(http)
        self.live = Live(self._connection)

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return str(self._http.base_url).rstrip("/")

    def application(self, app: Application, seconds: float) -> Json:
        """The Application object, read from Kubernetes.

        Raises Unauthorized, NotFound (no such application, or one in another project), Retryable.
        """
        what = f"read application '{app.name}'"
        response = self._connection.call("GET", path_of(app), what, seconds, params=query_of(app))
        if response.status_code in (403, 404) and is_json(response):
            raise self._why_denied(app, response, what, seconds)
        return body(response, what)

    def refresh(self, app: Application, kind: str, seconds: float) -> bool:
        """Ask for a compare ("normal" or "hard") and wait for it; False when none came in time.

        The call blocks without limit when the controller is down. Its answer is not used: up to
        3.5 it may be older than the push.
        """
        what = f"refresh application '{app.name}'"
        query = {**query_of(app), "refresh": kind}
        try:
            response = self._http.get(path_of(app), params=query, timeout=limit(seconds))
        except httpx.ReadTimeout:
            return False
        except httpx.TransportError as error:
            raise unreachable(self._http, what, error) from None
        body(response, what)
        return True

    def sync(
        self,
        app: Application,
        revision: str,
        position: int | None,
        seconds: float,
    ) -> None:
        """Start a sync of `revision`; `position` (from 1) names its source among several.

        An empty revision is the one that the application follows: the only one that is accepted
        while automated sync is on.
        Raises Retryable when another operation holds the slot, Closed when a sync window is closed,
        NotFound when the revision cannot be resolved, Conflict for other states, InvalidInput.
        """
        what = f"sync application '{app.name}' to {revision[:12] or 'what it follows'}"
        asked: dict[str, Any] = {
            **query_of(app),
            "infos": [{"name": "requestedBy", "value": "slipway"}],
        }
        if revision and position is None:
            asked["revision"] = revision
        elif revision:
            asked |= {"revisions": [revision], "sourcePositions": [position]}
        path = f"{path_of(app)}/sync"
        # The answer need not hold an operationState yet: it is not read.
        body(self._connection.call("POST", path, what, seconds, json=asked), what)

    def terminate(self, app: Application, seconds: float) -> None:
        """End the operation that is under way; Retryable when none is, or none has begun yet."""
        what = f"end the sync of application '{app.name}'"
        headers = {"Content-Type": "application/json"}  # asked for although there is no content
        path = f"{path_of(app)}/operation"
        answer = self._connection.call(
            "DELETE", path, what, seconds, params=query_of(app), headers=headers
        )
        body(answer, what)

    def windows(self, app: Application, seconds: float) -> tuple[list[Json], list[Json]]:
        """The sync windows that are assigned to the application, and those of them open now.

        `canSync` in the same answer is about manual syncs alone.
        """
        what = f"read the sync windows of '{app.name}'"
        answer = self._connection.read(f"{path_of(app)}/syncwindows", what, seconds, query_of(app))
        return items(answer, "assignedWindows"), items(answer, "activeWindows")

    def project_windows(self, app: Application, seconds: float) -> list[Json]:
        """The sync windows of the project open now, with time zones; needs `projects, get`."""
        what = f"read the sync windows of project '{app.project}'"
        path = f"/api/v1/projects/{quote(app.project, safe='')}/syncwindows"
        return items(self._connection.read(path, what, seconds), "windows")

    def version(self, seconds: float) -> str:
        """The server's version, such as v3.5.1; it tells it to everybody."""
        return str(self._connection.read("/api/version", "ask", seconds).get("Version", ""))

    def user(self, seconds: float) -> str | None:
        """Whom the token stands for; None when the server does not accept it."""
        answer = self._connection.read("/api/v1/session/userinfo", "ask who we are", seconds)
        return str(answer.get("username", "")) if answer.get("loggedIn") else None

    def may(self, app: Application, action: str, seconds: float) -> bool:
        """Whether the token allows `action` ("get", "sync") on the application."""
        parts = [app.project, app.namespace, app.name]
        target = "/".join(quote(part, safe="") for part in parts if part)
        path = f"/api/v1/account/can-i/applications/{action}/{target}"
        answer = self._connection.read(path, f"ask for '{action}'", seconds)
        return str(answer.get("value")) == "yes"

    def stream(self, app: Application, limits: Limits | None = None) -> Stream:
        """Events about the application; close it."""
        own = {"appNamespace": app.namespace} if app.namespace else {}
        query = {"name": app.name, "projects": app.project, **own}
        headers = {
            "Authorization": self._http.headers["Authorization"],
            "Accept": "text/event-stream",  # exactly: anything else is another framing
            "Accept-Encoding": "identity",
        }
        return Stream(lambda: async_client(self.url, headers=headers), query, limits)

    def _why_denied(
        self, app: Application, response: httpx.Response, what: str, seconds: float
    ) -> SlipwayError:
        """403 and 404 overlap: who we are and what we may do tells them apart."""
        try:
            user = self.user(seconds)
            allowed = user is not None and self.may(app, "get", seconds)
            project = self._project(app, seconds) if allowed else None
        except SlipwayError:
            return failure(response, what)
        return denied(response, what, app, user, allowed, project)

    def _project(self, app: Application, seconds: float) -> str | None:
        """The project that an application of this name is in, if the token may see it."""
        answer = self._connection.read("/api/v1/applications", "list", seconds, {"name": app.name})
        found = (item.get("spec") or {} for item in items(answer, "items"))
        return next((str(spec.get("project")) for spec in found), None)


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """A client for the configured server; InvalidInput when address or token is missing."""
    token = settings.secret("argocd_token").get_secret_value()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with http_client(settings.required("argocd_url"), headers=headers) as http:
        yield Client(http)
