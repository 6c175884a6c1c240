"""The application that deploys another one's manifest."""

from collections.abc import Iterator
from contextlib import contextmanager

from slipway.errors import NotFound
from slipway.readiness.observation import Observation
from slipway.service import Application


class NotMade(NotFound):
    """The application is not there; `parent` is a reading, taken before, of the one to make it."""

    def __init__(self, message: str, hint: str, parent: Observation) -> None:
        super().__init__(message, hint)
        self.parent = parent

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.hint, self.parent)


@contextmanager
def below(parent: Observation | None) -> Iterator[None]:
    """Reading the application: with a parent that was read before, NotFound is NotMade."""
    try:
        yield
    except NotFound as error:
        if parent is None:
            raise
        raise NotMade(error.message, error.hint, parent) from None


def parent_of(application: Application) -> Application | None:
    """The parent, by name alone: its project may be another one, and is left empty.

    Flux applies manifests with a Kustomization.
    """
    if application.parent is None:
        return None
    return application.model_copy(
        update={
            "name": application.parent,
            "parent": None,
            "project": "",
            "kind": "Kustomization",
        }
    )
