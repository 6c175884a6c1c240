"""What every engine can do, and the choice of one."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from slipway.clients import kubernetes
from slipway.clients.argocd import connect
from slipway.engines.argocd import CALL, ArgoCD
from slipway.engines.argocd_core import ArgoCDCore
from slipway.engines.flux import Flux
from slipway.readiness.observation import Observation
from slipway.service import Application, GitOps
from slipway.settings import Settings


class Engine(Protocol):
    """One engine.

    Every method but `explain` and `link` may raise the errors of `slipway.errors`: Retryable says
    that nothing is known, the others that a person has to act.
    """

    def examine(self, application: Application) -> None:
        """Raise what a person has to set right: no login, no permission, no such application."""

    def observe(self, application: Application) -> Observation:
        """One reading. NotMade (a NotFound) says that its parent is there, and it is not."""

    def refresh(self, application: Application, hard: bool = False) -> bool:
        """Ask the engine to look at the repository now; False: it did not answer in time."""

    def start_sync(self, application: Application, seen: Observation) -> None:
        """Start a sync of the revision that was observed, or of what an automated one follows.

        Retryable when the slot is taken, Closed when a window forbids it.
        """

    def terminate(self, application: Application) -> None:
        """End the sync that is under way; Conflict when the engine cannot."""

    def await_change(self, application: Application, seconds: float) -> str | None:
        """Return when the application may have changed, at the latest after `seconds`.

        An engine that is told of no changes returns after about a second. It never raises, and
        says nothing about the state: a reading does. It may return a sentence, once, about how
        it notices changes.
        """

    def explain(self, application: Application) -> str:
        """Pod reasons and events for people, one a line; at most 10 seconds, never raises."""

    def link(self, application: Application) -> str:
        """The engine's page of the application."""


@contextmanager
def _argocd(
    settings: Settings, gitops: GitOps | None, left: Callable[[], float]
) -> Iterator[Engine]:
    with connect(settings) as client, closing(ArgoCD(client, gitops, left)) as engine:
        yield engine


@contextmanager
def _argocd_core(
    settings: Settings, gitops: GitOps | None, left: Callable[[], float]
) -> Iterator[Engine]:
    with kubernetes.connect(settings) as client:
        yield ArgoCDCore(client, gitops, left)


@contextmanager
def _flux(settings: Settings, gitops: GitOps | None, left: Callable[[], float]) -> Iterator[Engine]:
    with kubernetes.connect(settings) as client:
        yield Flux(client, gitops, left)


_ENGINES = {"argocd": _argocd, "argocd-core": _argocd_core, "flux": _flux}


@contextmanager
def engine_for(
    application: Application,
    settings: Settings,
    gitops: GitOps | None = None,
    left: Callable[[], float] = lambda: CALL,
) -> Iterator[Engine]:
    """The engine that serves `application`.

    `gitops` tells which of several sources is the one we push to; `left` how many
    seconds there still are. Raises InvalidInput when a setting is missing.
    """
    with _ENGINES[application.engine](settings, gitops, left) as engine:
        yield engine
