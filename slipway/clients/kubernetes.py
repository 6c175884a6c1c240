"""The Kubernetes API: objects as plain dicts, each call with its time limit.

Rules: Kubernetes API conventions. A watch starts after the resourceVersion of a reading, ends by
itself, and may be told that its version is too old (410). Nothing here judges what an object means.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slipway.clients.kubernetes_failures import Answer, UnknownType, failure
from slipway.clients.kubernetes_resources import EVENT, POD_LOG, Call, Resource
from slipway.clients.kubernetes_values import Change, Json, Listing, at, change_in, objects, value
from slipway.errors import InvalidInput, NotFound, Retryable, SlipwayError
from slipway.settings import Settings
from slipway.text import printable, redacted

if TYPE_CHECKING:
    from slipway.clients.kubernetes_connection import Connection

MERGE = "application/merge-patch+json"
_PAGE = 500  # objects
_STARTING = 60.0  # seconds that a type may be unknown while a cluster starts
_ASIDE = 2.0  # seconds for what only helps people
_LOG = 65536  # bytes
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


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
            left = end - time.monotonic()
            if left <= 0:
                raise Retryable(f"could not {call.what}: not complete in time", "retry")
            page = self._object("GET", call, left, {k: v for k, v in query.items() if v})
            metadata = page.get("metadata")
            items += objects(page.get("items"), call)
            query["continue"] = str(at(metadata, "continue") or "")
            if not query["continue"]:
                return Listing(tuple(items), str(at(metadata, "resourceVersion") or ""))

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
        call, end = Call("watch", resource, namespace), time.monotonic() + seconds
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(math.ceil(seconds)),
        } | ({"fieldSelector": f"metadata.name={name}"} if name else {})
        path = resource.path(namespace)
        try:
            with self._connection.lines(path, call.what, seconds, query) as (head, lines):
                self._check(head, call)
                for line in lines:
                    yield change_in(line, call, self.source)
        except Retryable:
            if time.monotonic() < end:
                raise  # later, silence is no error: the time is over

    def log(
        self,
        namespace: str,
        pod: str,
        container: str,
        lines: int,
        seconds: float,
        previous: bool = False,
    ) -> tuple[str, ...]:
        """The last lines of a container's log, made fit to be shown.

        `previous`: of the one before its restart. InvalidInput when there was none yet.
        """
        call = Call("get", POD_LOG, namespace, pod)
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(_LOG)}
        query |= {"previous": "true"} if previous else {}
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
        return at(value(answer, call).get("status"), "allowed") is True

    def versions(self, group: str, seconds: float) -> tuple[str, ...]:
        """The versions of a group that the server has; empty when it has no such group."""
        what = f"ask for the versions of {group}"
        found = self._connection.call("GET", f"/apis/{group}", what, seconds).object or {}
        listed = found.get("versions")
        known = listed if isinstance(listed, list) else []
        return tuple(str(at(version, "version")) for version in known)

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
        return value(answer, call)

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
        return NotFound(f"{error.message}; {self._others(resource.group)}", hint)

    def _others(self, group: str) -> str:
        try:
            found = self.versions(group, _ASIDE)
        except SlipwayError:
            found = ()
        return f"it has {', '.join(f'{group}/{v}' for v in found)}" if found else "nor others of it"


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
