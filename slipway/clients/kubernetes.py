"""The Kubernetes API: objects as plain dicts, each call with its time limit.

Shapes and rules: Kubernetes API conventions, and `facts` about watches: a watch starts after the
resourceVersion of a reading, ends by itself, and may be told that its version is too old (410).
Nothing here judges what an object means.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipway.clients.kubernetes_failures import Answer, Gone, UnknownType, failure
from slipway.clients.kubernetes_resources import EVENT, POD_LOG, Call, Resource
from slipway.errors import InvalidInput, NotFound, Retryable, SlipwayError
from slipway.settings import Settings
from slipway.text import printable, redacted

if TYPE_CHECKING:
    from slipway.clients.kubernetes_connection import Connection

Json = Mapping[str, Any]
MERGE = "application/merge-patch+json"
_PAGE = 500  # objects
_STARTING = 60.0  # seconds that a type may be unknown while a cluster starts
_LOG = 65536  # bytes
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Listing:
    """Objects, and the resourceVersion to watch from."""

    items: tuple[Json, ...]
    version: str


@dataclass(frozen=True)
class Change:
    """One event of a watch; a BOOKMARK only moves the resourceVersion on."""

    type: str  # ADDED, MODIFIED, DELETED, BOOKMARK
    object: Json

    @property
    def version(self) -> str:
        """The resourceVersion to watch from after it."""
        return str((self.object.get("metadata") or {}).get("resourceVersion", ""))


class Client:
    """One cluster. Methods take the seconds they may last and raise `slipway.errors`.

    Everywhere: Unauthorized (401, 403), Retryable (busy, broken, unreachable, a type that is not
    known yet), NotFound (no such object; a type unknown for a minute), InvalidInput (400, 415,
    422). The list of an API without the type is an UnknownType at first, never empty.
    """

    def __init__(
        self, connection: "Connection", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection, self._clock = connection, clock
        self._unknown: dict[Resource, float] = {}  # since when a type is not known

    @property
    def source(self) -> str:
        """Where server and credential come from, for people."""
        return self._connection.source

    def get(self, resource: Resource, namespace: str, name: str, seconds: float) -> Json:
        """One object."""
        return self._object("GET", Call("get", resource, namespace, name), seconds)

    def list(
        self, resource: Resource, namespace: str, seconds: float, labels: str = "", fields: str = ""
    ) -> Listing:
        """Every object, page by page; selectors as kubectl takes them."""
        call, end = Call("list", resource, namespace), time.monotonic() + seconds
        query = {"limit": str(_PAGE), "labelSelector": labels, "fieldSelector": fields}
        items: list[Json] = []
        while True:
            left = max(0.1, end - time.monotonic())
            page = self._object("GET", call, left, {k: v for k, v in query.items() if v})
            metadata = page.get("metadata") or {}
            items += _objects(page.get("items"), call)
            query["continue"] = str(_of(metadata, "continue") or "")
            if not query["continue"]:
                return Listing(tuple(items), str(_of(metadata, "resourceVersion") or ""))

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Json,
        seconds: float,
        version: str | None = None,
    ) -> Json:
        """The object after a merge patch; None removes a field.

        With `version` only if it is still the object's resourceVersion: else Outdated.
        """
        if version is not None:
            metadata = {**(change.get("metadata") or {}), "resourceVersion": version}
            change = {**change, "metadata": metadata}
        call = Call("patch", resource, namespace, name)
        return self._object("PATCH", call, seconds, change=(MERGE, change))

    def watch(
        self, resource: Resource, namespace: str, version: str, seconds: float, name: str = ""
    ) -> Iterator[Change]:
        """Changes after `version`, of one object or of all; ends after `seconds`, or before.

        Raises Gone when `version` is too old: read again, and watch from there.
        """
        call = Call("watch", resource, namespace)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(max(1, int(seconds))),
        } | ({"fieldSelector": f"metadata.name={name}"} if name else {})
        path = resource.path(namespace)
        with self._connection.lines(path, call.what, seconds + 1, query) as (head, lines):
            self._check(head, call)
            for line in lines:
                yield self._change(line, call)

    def log(
        self, namespace: str, pod: str, container: str, lines: int, seconds: float
    ) -> tuple[str, ...]:
        """The last lines of a container's log, made fit to be shown."""
        call = Call("get", POD_LOG, namespace, pod)
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(_LOG)}
        path = POD_LOG.path(namespace, pod)
        answer = self._connection.call("GET", path, call.what, seconds, query)
        self._check(answer, call)
        text = answer.content.decode(errors="replace")
        return tuple(printable(redacted(line), 500) for line in text.splitlines()[-lines:])

    def events(self, namespace: str, kind: str, name: str, seconds: float) -> tuple[Json, ...]:
        """The events of one object."""
        fields = f"involvedObject.kind={kind},involvedObject.name={name}"
        return self.list(EVENT, namespace, seconds, fields=fields).items

    def may(self, verb: str, resource: Resource, namespace: str, name: str, seconds: float) -> bool:
        """Whether the credential allows it, as the cluster's own access review says."""
        attributes = {
            "verb": verb,
            "group": resource.group,
            "resource": resource.plural,
            "subresource": resource.subresource,
            "namespace": namespace,
            "name": name,
        }
        api = "authorization.k8s.io/v1"
        spec = {"resourceAttributes": attributes}
        review = {"apiVersion": api, "kind": "SelfSubjectAccessReview", "spec": spec}
        what = f"ask whether we may {Call(verb, resource, namespace, name).what}"
        answer = self._connection.call(
            "POST", _REVIEW, what, seconds, change=("application/json", review)
        )
        call = Call("create", _REVIEWS, namespace)
        self._check(answer, call)
        return _of(_value(answer, call).get("status"), "allowed") is True

    def versions(self, group: str, seconds: float) -> tuple[str, ...]:
        """The versions of a group that the server has; empty when it has no such group."""
        what = f"ask for the versions of {group}"
        found = self._connection.call("GET", f"/apis/{group}", what, seconds).object or {}
        listed = found.get("versions")
        known = listed if isinstance(listed, list) else []
        return tuple(str(_of(version, "version")) for version in known)

    def _object(
        self,
        method: str,
        call: Call,
        seconds: float,
        query: Mapping[str, str] | None = None,
        change: tuple[str, object] | None = None,
    ) -> Json:
        path = call.resource.path(call.namespace, call.name)
        answer = self._connection.call(method, path, call.what, seconds, query, change)
        self._check(answer, call)
        return _value(answer, call)

    def _check(self, answer: Answer, call: Call) -> None:
        if 200 <= answer.status < 300:
            self._unknown.pop(call.resource, None)
            return
        error = failure(answer, call, self.source)
        raise self._patient(error, call.resource) if isinstance(error, UnknownType) else error

    def _patient(self, error: UnknownType, resource: Resource) -> SlipwayError:
        """A type that stays unknown is not a cluster that starts."""
        since = self._unknown.setdefault(resource, self._clock())
        if self._clock() - since < _STARTING:
            return error
        hint = f"install it, correct its version, or choose another cluster than {self.source}"
        return NotFound(error.message, hint)

    def _change(self, line: bytes, call: Call) -> Change:
        told = Answer(200, {}, line).object or {}
        value = told.get("object")
        if not isinstance(value, dict):
            raise _cut_off(call)
        if told.get("type") == "ERROR":
            code = value.get("code")
            status = code if isinstance(code, int) else 500
            if status == 410:
                raise Gone(f"could not {call.what}: the resourceVersion is too old", "read again")
            raise failure(Answer(status, {}, b""), call, self.source)
        return Change(str(told.get("type")), value)


@contextmanager
def connect(settings: Settings) -> Iterator[Client]:
    """A client for the configured cluster; InvalidInput when it cannot be had."""
    try:
        from slipway.clients.kubernetes_connection import opened  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as error:
        raise InvalidInput(
            f"the Kubernetes client is not installed: no module {error.name}",
            "pip install slipway[kubernetes]",
        ) from None
    with opened(settings) as connection:
        yield Client(connection)


_REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview"
)


def _value(answer: Answer, call: Call) -> Json:
    found = answer.object
    if found is None:
        raise _cut_off(call)
    return found


def _objects(items: object, call: Call) -> tuple[Json, ...]:
    """A list that may be null when it is empty."""
    found = items if isinstance(items, list) else []
    if (items is not None and not isinstance(items, list)) or not all(
        isinstance(item, dict) for item in found
    ):
        raise _cut_off(call)
    return tuple(found)


def _of(value: object, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _cut_off(call: Call) -> Retryable:
    return Retryable(f"could not {call.what}: the answer is cut off or no object", "retry")
