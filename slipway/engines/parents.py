"""The application that deploys another one's manifest."""

from slipway.service import Application


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
