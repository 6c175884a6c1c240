"""Looks at everything a service's delivery needs, and changes nothing.

Each look stands for itself: one that fails stops no other.
"""

from collections.abc import Callable, Iterator

from slipway.doctor import looks
from slipway.doctor.findings import Finding, found
from slipway.errors import SlipwayError
from slipway.service import Service
from slipway.settings import PrefectAccess, Settings

__all__ = ["Finding", "examine"]

Look = tuple[str, Callable[[], str]]


def examine(service: Service, settings: Settings, access: PrefectAccess) -> Iterator[Finding]:
    """One finding for each thing, as it is found."""
    for subject, look in _looks(service, settings, access):
        try:
            yield Finding(subject=subject, outcome="ok", said=look())
        except SlipwayError as error:
            yield found(subject, error)
        except Exception as error:  # noqa: BLE001  # a defect, whose text may hold anything
            yield Finding(
                subject=subject, outcome="unknown",
                said=f"the look itself failed: {type(error).__name__}",
                hint="report it with the name of what was looked at; nothing else is affected",
            )  # fmt: skip


def _looks(service: Service, settings: Settings, access: PrefectAccess) -> Iterator[Look]:
    yield "source", lambda: looks.source(service, settings)
    yield "registry", lambda: looks.registry(service, settings)
    yield "GitOps repository", lambda: looks.gitops(service, settings)
    for environment in service.environments:
        name = environment.name
        yield f"{name}: files", lambda e=environment: looks.files(service, e, settings)  # type: ignore[misc]
        yield f"{name}: application", lambda e=environment: looks.engine(service, e, settings)  # type: ignore[misc]
        yield f"{name}: smoke test", lambda e=environment: looks.smoke(e, settings)  # type: ignore[misc]
    if service.notify.to or service.gitops.webhooks:
        yield "addresses", lambda: looks.addresses(service, settings)
    yield "Prefect", lambda: looks.prefect(service, access)
