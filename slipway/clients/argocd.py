"""Argo CD's REST API: the calls that watching and starting a sync need.

Shapes and rules: Argo CD source, v3.5 line. Every call names the project, because without it a
missing application and a forbidden one look alike. Nothing here judges what an answer means.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from slipway.clients.argocd_failures import denied, failure, foreign
from slipway.clients.http import client as http_client
from slipway.clients.http import send, unreachable
from slipway.errors import Retryable, SlipwayError
from slipway.service import Application
from slipway.settings import Settings

Json = Mapping[str, Any]
_ANY = range(100, 600)


class Client:
    """One API server. Methods take the seconds they may last and raise `slipway.errors`."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @property
    def url(self) -> str:
        """Address of the server, without a slash at the end."""
        return str(self._http.base_url).rstrip("/")

    def application(self, app: Application, seconds: float) -> Json:
        """The Application object, read from Kubernetes.

        Raises Unauthorized, NotFound (no such application, or one in another project), Retryable.
        """
        what = f"read application '{app.name}'"
        response = self._call("GET", _path(app), what, seconds, params=_query(app))
        if response.status_code in (403, 404) and _is_json(response):
            raise self._why_denied(app, response, what, seconds)
        return _body(response, what)

    def refresh(self, app: Application, kind: str, seconds: float) -> bool:
        """Ask for a compare ("normal" or "hard") and wait for it; False when none came in time.

        The call blocks without limit when the controller is down. Its answer is not used: up to
        3.5 it may be older than the push.
        """
        what = f"refresh application '{app.name}'"
        query = {**_query(app), "refresh": kind}
        limit = httpx.Timeout(seconds, connect=min(5.0, seconds))
        try:
            response = self._http.get(_path(app), params=query, timeout=limit)
        except httpx.ReadTimeout:
            return False
        except httpx.TransportError as error:
            raise unreachable(self._http, what, error) from None
        _body(response, what)
        return True

    def sync(self, app: Application, revision: str, position: int | None, seconds: float) -> None:
        """Start a sync of `revision`; `position` (from 1) names its source among several.

        Raises Retryable when another operation holds the slot or a sync window is closed, NotFound
        when the revision cannot be resolved, Conflict for other states, InvalidInput.
        """
        what = f"sync application '{app.name}' to {revision[:12]}"
        body: dict[str, Any] = {
            **_query(app),
            "infos": [{"name": "requestedBy", "value": "slipway"}],
        }
        if position is None:
            body["revision"] = revision
        else:
            body |= {"revisions": [revision], "sourcePositions": [position]}
        _body(self._call("POST", f"{_path(app)}/sync", what, seconds, json=body), what)

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The nodes of the resource tree."""
        what = f"read the resource tree of '{app.name}'"
        path = f"{_path(app)}/resource-tree"
        return _list(self._read(path, what, seconds, _query(app)), "nodes")

    def manifest(self, app: Application, resource: Json, seconds: float) -> Json:
        """The live manifest of a resource named as in `status.resources`; NotFound without one."""
        what = f"read {resource.get('kind')}/{resource.get('name')} of '{app.name}'"
        query = _query(app) | {
            "resourceName": resource.get("name", ""),
            "namespace": resource.get("namespace", ""),
            "group": resource.get("group", ""),
            "version": resource.get("version", ""),
            "kind": resource.get("kind", ""),
        }
        answer = self._read(f"{_path(app)}/resource", what, seconds, query)
        return _object(str(answer.get("manifest", "")), what)

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of the application, or of one node of its tree."""
        query = _query(app)
        if subject:
            query |= {
                "resourceName": str(subject.get("name")),
                "resourceNamespace": str(subject.get("namespace")),
                "resourceUID": str(subject.get("uid")),
            }
        what = f"read the events of '{app.name}'"
        return _list(self._read(f"{_path(app)}/events", what, seconds, query), "items")

    def user(self, seconds: float) -> str | None:
        """Whom the token stands for; None when the server does not accept it."""
        what = "ask who we are"
        answer = self._read("/api/v1/session/userinfo", what, seconds)
        return str(answer.get("username", "")) if answer.get("loggedIn") else None

    def may(self, app: Application, action: str, seconds: float) -> bool:
        """Whether the token allows `action` ("get", "sync") on the application."""
        parts = [app.project, app.namespace, app.name]
        target = "/".join(quote(part, safe="") for part in parts if part)
        path = f"/api/v1/account/can-i/applications/{action}/{target}"
        answer = self._read(path, f"ask for '{action}'", seconds)
        return str(answer.get("value")) == "yes"

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
        answer = self._read("/api/v1/applications", "list", seconds, {"name": app.name})
        found = (item.get("spec") or {} for item in _list(answer, "items"))
        return next((str(spec.get("project")) for spec in found), None)

    def _read(
        self, path: str, what: str, seconds: float, query: Mapping[str, str] | None = None
    ) -> Json:
        return _body(self._call("GET", path, what, seconds, params=query), what)

    def _call(
        self, method: str, path: str, what: str, seconds: float, **options: Any
    ) -> httpx.Response:
        limit = httpx.Timeout(seconds, connect=min(5.0, seconds))
        return send(self._http, method, path, what=what, allow=_ANY, timeout=limit, **options)


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """A client for the configured server; InvalidInput when address or token is missing."""
    token = settings.secret("argocd_token").get_secret_value()
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    with http_client(settings.required("argocd_url"), headers=headers) as http:
        yield Client(http)


def _path(app: Application) -> str:
    return f"/api/v1/applications/{quote(app.name, safe='')}"


def _query(app: Application) -> dict[str, str]:
    """For a GET the query, for a POST part of the body."""
    own = {"appNamespace": app.namespace} if app.namespace else {}
    return {"project": app.project, **own}


def _is_json(response: httpx.Response) -> bool:
    return str(response.headers.get("content-type", "")).startswith("application/json")


def _body(response: httpx.Response, what: str) -> Json:
    """The JSON object of a success; the error of anything else."""
    if not _is_json(response):
        raise foreign(response, what)
    if not response.is_success:
        raise failure(response, what)
    return _object(response.text, what)


def _object(text: str, what: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Retryable(f"could not {what}: the answer is cut off or no object", "retry")
    return found


def _list(answer: Json, key: str) -> list[Json]:
    """A list that may be null or absent when it is empty."""
    return list(answer.get(key) or ())
