"""Which application a request means, and whether its caller may see it."""

from dataclasses import dataclass

from sandbox.argocd.accounts import Account
from sandbox.argocd.application import Object, project_of, target
from sandbox.argocd.errors import DENIED, NOT_FOUND, ApiError
from sandbox.argocd.world import World


@dataclass(frozen=True)
class Wanted:
    """What a request says about the application it means."""

    name: str
    project: str = ""
    namespace: str = ""


def find(world: World, account: Account, wanted: Wanted) -> Object:
    """The application; 403 and 404 as the API server mixes them, so that nothing is disclosed."""
    missing = ApiError(NOT_FOUND, f'applications.argoproj.io "{wanted.name}" not found')
    denied = ApiError(DENIED, "permission denied")
    asked = f"{wanted.project}/{wanted.name}"
    if wanted.project and not account.may("applications", "get", asked):
        raise denied
    application = world.store.get(wanted.name)
    if application and wanted.namespace not in ("", application["metadata"]["namespace"]):
        application = None
    allowed = application and account.may("applications", "get", target(application))
    if application is None or not allowed:
        raise missing if wanted.project else denied
    if wanted.project and project_of(application) != wanted.project:
        raise missing
    return application
