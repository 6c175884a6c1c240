"""Why an application is not live, for people: read within seconds, and never in a verdict's way."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from slipway.engines.argocd_versions import retry_advice
from slipway.engines.argocd_workloads import unhealthy
from slipway.errors import SlipwayError
from slipway.service import Application
from slipway.text import shown

Json = Mapping[str, Any]
T = TypeVar("T")
_ALL = 9.0  # seconds for all of it
_ONE = 3.0  # seconds for one call
_LINES = 5  # of Pods, and of events
_LOG = 10  # lines


class Live(Protocol):
    """What is seen of an application's cluster."""

    def nodes(self, app: Application, seconds: float) -> list[Json]:
        """The nodes of the resource tree."""

    def events(self, app: Application, subject: Json | None, seconds: float) -> list[Json]:
        """Kubernetes events of one node, or of the application."""

    def log(
        self, app: Application, pod: Json, container: str, lines: int, seconds: float
    ) -> list[str]:
        """The last lines of a container of a Pod."""


class Readable(Protocol):
    """Where an application is read from."""

    @property
    def live(self) -> Live:
        """Its cluster."""

    def application(self, app: Application, seconds: float) -> Json:
        """The Application object."""


def diagnosis(
    client: Readable,
    application: Application,
    version: Callable[[float], str] = lambda _: "",
) -> str:
    """Pod reasons, what is out of sync, warnings, the end of a log; empty when nothing can be read.

    `version` asks for Argo CD's, within some seconds.
    Every line is foreign text made fit to be shown. It never raises, and takes at most 10 seconds.
    """
    end = time.monotonic() + _ALL

    def ask(call: Callable[[float], list[T]]) -> list[T]:
        left = end - time.monotonic()
        try:
            return call(min(_ONE, left)) if left > 0 else []
        except (SlipwayError, AttributeError, TypeError, ValueError, KeyError):
            return []  # a diagnosis never hides the verdict

    live = client.live
    nodes = ask(lambda seconds: live.nodes(application, seconds))
    pods = ask(lambda _: _subjects(nodes))
    pod = pods[0] if pods else None
    lines = ask(lambda _: unhealthy(nodes)[:_LINES])
    read = ask(lambda seconds: [client.application(application, seconds)])
    lines += ask(lambda seconds: _advice(read[0], version(seconds))) if read else []
    lines += ask(lambda _: _differing(read[0])) if read else []
    lines += ask(lambda seconds: _warnings(live.events(application, pod, seconds)))
    if pod:
        lines += ask(lambda seconds: _log(client, application, pod, seconds))
    return "\n".join(shown(line) for line in lines)


def _subjects(nodes: Iterable[Json]) -> list[Json]:
    """The Pods to read events and logs of, the worst first; between two crashes one looks well."""
    pods = [node for node in nodes if node.get("kind") == "Pod"]
    health = {id(pod): (pod.get("health") or {}).get("status") for pod in pods}
    ill = [pod for pod in pods if unhealthy([pod])]
    ill += [pod for pod in pods if health[id(pod)] != "Healthy" or _restarted(pod)]
    return ill


def _restarted(pod: Json) -> bool:
    return any(each.get("name") == "Restart Count" for each in pod.get("info") or ())


def _differing(application: Json) -> list[str]:
    """The resources that differ from the repository."""
    resources = (application.get("status") or {}).get("resources") or ()
    names = [f"{r.get('kind')}/{r.get('name')}" for r in resources if r.get("status") != "Synced"]
    return [f"out of sync: {', '.join(names[:_LINES])}"] if names else []


def _advice(application: Json, version: str) -> list[str]:
    advice = retry_advice(application, version)
    return [advice] if advice else []


def _warnings(events: Iterable[Json]) -> list[str]:
    warnings = [event for event in events if event.get("type") == "Warning"]
    return [f"{e.get('reason')}: {e.get('message')}" for e in warnings[-_LINES:]]


def _log(client: Readable, application: Application, pod: Json, seconds: float) -> list[str]:
    """The log's end of the Pod's container; needs a permission of its own, `logs, get`."""
    lines = client.live.log(application, pod, "", _LOG, seconds)
    return [f"log of Pod/{pod.get('name')}:", *(f"  {line}" for line in lines)] if lines else []
