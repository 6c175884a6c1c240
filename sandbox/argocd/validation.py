"""What the API server refuses to store as an application's spec."""

from sandbox.argocd.application import Object, sources_in
from sandbox.argocd.errors import INVALID, ApiError
from sandbox.argocd.world import World


def validated(world: World, application: Object) -> None:
    """Raise ApiError 400 for a spec that cannot be right."""
    name, spec = application["metadata"]["name"], application["spec"]
    if not isinstance(spec, dict) or not {"source", "sources", "sourceHydrator"} & set(spec):
        raise _invalid(
            name, "spec.source.repoURL and either spec.source.path or chart are required"
        )
    if world.store.project(spec.get("project", "default")) is None:
        text = f"application references project {spec['project']} which does not exist"
        raise ApiError(INVALID, text)
    for source in sources_in(spec):
        placed = {"path", "chart", "ref"} & set(source)
        if not source.get("repoURL") or not (placed or source["repoURL"].startswith("oci://")):
            raise _invalid(
                name, "spec.source.repoURL and either spec.source.path or chart are required"
            )
    if not {"server", "name", "namespace"} & set(spec.get("destination") or {}):
        raise _invalid(name, "Destination server missing from app spec")


def _invalid(name: str, why: str) -> ApiError:
    text = f"application spec for {name} is invalid: InvalidSpecError: {why}"
    return ApiError(INVALID, text)
