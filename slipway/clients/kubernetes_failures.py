"""Which error an answer of the Kubernetes API is: from its HTTP status and its Status object.

A 404 has two meanings: the object does not exist, or the server does not know its type. Only the
first comes with the object's name. The second is normal for a short time while a cluster starts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.clients.http import number
from slipway.clients.kubernetes_resources import Call
from slipway.errors import Final, InvalidInput, NotFound, Retryable, SlipwayError, Unauthorized
from slipway.text import printable, redacted

_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class Outdated(Retryable):
    """The object has changed since it was read: read it again, then decide again."""


class Gone(Retryable):
    """The server has forgotten that resourceVersion: read again, then watch from there."""


class UnknownType(Retryable):
    """The server does not know the type of the object, which may be for a moment only."""


_WORDS = "the request is not acceptable; the words above say why"
_OTHERS: dict[int, tuple[type[SlipwayError], str]] = {
    401: (Unauthorized, "the cluster does not accept the credential of {source}: renew it"),
    403: (Unauthorized, "allow {rule} for the user of {source}, by a Role and a RoleBinding"),
    409: (Outdated, "somebody else has changed the object; read it again"),
    410: (Gone, "read again, and watch from there"),
    **dict.fromkeys((400, 405, 415, 422), (InvalidInput, _WORDS)),
}


@dataclass(frozen=True)
class Answer:
    """One complete answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def object(self) -> dict[str, Any] | None:
        """The JSON object it holds, if it does."""
        try:
            found = json.loads(self.content)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None


def failure(answer: Answer, call: Call, source: str) -> SlipwayError:
    """The error of an answer that is not a success; `source` names the credential in use."""
    status, told = answer.status, answer.object or {}
    said = _said(answer, told)
    message = f"could not {call.what}: HTTP {status}" + (f", {said}" if said else "")
    if status in _TRANSIENT:
        return Retryable(message, "the API server is busy or broken; retry", _pause(answer, told))
    if status == 404:
        return _missing(message, told, call)
    kind, hint = _OTHERS.get(status, (Final, "check that the server is a Kubernetes API server"))
    return kind(message, hint.format(source=source, rule=_rule(call)))


def _rule(call: Call) -> str:
    return f"'{call.verb}' on '{call.resource.rule}' in namespace {call.namespace}"


def _said(answer: Answer, told: Mapping[str, Any]) -> str:
    message = told.get("message")
    if isinstance(message, str):
        return printable(redacted(message))
    text = answer.content[:2000].decode(errors="replace")
    return "an HTML page" if "<html" in text.lower() else printable(redacted(text))


def _pause(answer: Answer, told: Mapping[str, Any]) -> float | None:
    asked = _details(told).get("retryAfterSeconds")
    if isinstance(asked, int) and 0 < asked < 3600:  # a number of a client, not of a server
        return float(asked)
    return number(answer.headers.get("retry-after", ""))


def _missing(message: str, told: Mapping[str, Any], call: Call) -> SlipwayError:
    if call.name and _details(told).get("name") == call.name:
        hint = "check its name and its namespace, and that this is the right cluster"
        return NotFound(message, hint)
    known = f"the server does not know {call.resource.rule} in {call.resource.api_version}"
    return UnknownType(f"{message}; {known}", "retry; it may be starting")


def _details(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found = told.get("details")
    return found if isinstance(found, Mapping) else {}
