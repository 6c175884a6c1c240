"""How Argo CD's API server is spoken to: one call, and what its answer is."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from slipway.clients.argocd_failures import failure, foreign
from slipway.clients.http import send
from slipway.errors import Retryable
from slipway.service import Application

Json = Mapping[str, Any]
_ANY = range(100, 600)


class Connection:
    """Calls to one API server; each may last some seconds and raises `slipway.errors`."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def read(
        self, path: str, what: str, seconds: float, query: Mapping[str, str] | None = None
    ) -> Json:
        """The object that a GET answers with."""
        return body(self.call("GET", path, what, seconds, params=query), what)

    def call(
        self, method: str, path: str, what: str, seconds: float, **options: Any
    ) -> httpx.Response:
        """The answer, whatever it is."""
        return send(
            self.http, method, path, what=what, allow=_ANY, timeout=limit(seconds), **options
        )


def limit(seconds: float) -> httpx.Timeout:
    """A call of at most `seconds`."""
    return httpx.Timeout(seconds, connect=min(5.0, seconds))


def path_of(app: Application) -> str:
    """Where the application is."""
    return f"/api/v1/applications/{quote(app.name, safe='')}"


def query_of(app: Application) -> dict[str, str]:
    """Which application is meant: for a GET or DELETE the query, for a POST part of the body."""
    known = {"project": app.project, "appNamespace": app.namespace}
    return {name: value for name, value in known.items() if value}


def is_json(response: httpx.Response) -> bool:
    """Whether the answer can be the API's."""
    return str(response.headers.get("content-type", "")).startswith("application/json")


def body(response: httpx.Response, what: str) -> Json:
    """The JSON object of a success; the error of anything else."""
    if not is_json(response):
        raise foreign(response, what)
    if not response.is_success:
        raise failure(response, what)
    return object_in(response.text, what)


def object_in(text: str, what: str) -> Json:
    """A JSON object; Retryable when the text is none."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Retryable(f"could not {what}: the answer is cut off or no object", "retry")
    return found


def items(answer: Json, key: str) -> list[Json]:
    """A list that may be null or absent when it is empty."""
    return list(answer.get(key) or ())
