"""Applies manifests: Deployments to the cluster, Flux's own kinds to the objects."""

from sandbox.flux.conditions import is_true
from sandbox.flux.workloads import apply, state
from sandbox.flux.world import Key, Object, World
from sandbox.kubernetes.kind import Kind
from sandbox.kubernetes.store import Taken

_PLAIN = {"v1": ("Namespace", "Service", "ConfigMap", "Secret", "ServiceAccount")}


class Mismatch(Exception):
    """The API server does not know a kind in that version."""


def apply_all(world: World, key: Key, owner: Object, manifests: list[Object]) -> None:
    """All or, when one kind is not known, nothing; raises Mismatch and what a cluster refuses."""
    labels = {
        "kustomize.toolkit.fluxcd.io/namespace": key[0],
        "kustomize.toolkit.fluxcd.io/name": key[1],
    }
    for manifest in manifests:
        _check(world, manifest, _namespace(owner, manifest))
    for manifest in manifests:
        namespace = _namespace(owner, manifest)
        placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
        if kind := _kind(world, manifest):
            _put(world, kind, placed, labels)
        elif manifest["kind"] == "Deployment":
            apply(world.cluster, placed, labels)


def inventory(owner: Object, manifests: list[Object]) -> list[Object]:
    """`<namespace>_<name>_<group>_<kind>` and the version of each."""
    found = []
    for manifest in manifests:
        group, _, version = manifest["apiVersion"].rpartition("/")
        name = manifest["metadata"]["name"]
        parts = (_namespace(owner, manifest), name, group, manifest["kind"])
        found.append({"id": "_".join(parts), "v": version})
    return found


def states(world: World, owner: Object, manifests: list[Object]) -> dict[str, str]:
    """By the kstatus rules, of what the owner checks; an object never waits on itself."""
    spec = owner["spec"]
    listed = {(each["kind"], each["name"]) for each in spec.get("healthChecks") or ()}
    return {
        f"{each['kind']}/{_namespace(owner, each)}/{each['metadata']['name']}": _state(
            world, owner, each
        )
        for each in manifests
        if spec.get("wait") or (each["kind"], each["metadata"]["name"]) in listed
    }


def _state(world: World, owner: Object, manifest: Object) -> str:
    namespace, name = _namespace(owner, manifest), manifest["metadata"]["name"]
    if manifest["kind"] == "Deployment":
        return state(world.cluster, namespace, name)
    kind = _kind(world, manifest)
    found = world.get(kind, (namespace, name)) if kind else None
    if found is None or found["metadata"]["name"] == owner["metadata"]["name"] == name:
        return "Current"
    seen = (found.get("status") or {}).get("observedGeneration") == found["metadata"]["generation"]
    if not seen or is_true(found, "Reconciling"):
        return "InProgress"
    if is_true(found, "Stalled"):
        return "Failed"
    return "Current" if is_true(found, "Ready") else "InProgress"


def _put(world: World, kind: Kind, manifest: Object, labels: dict[str, str]) -> None:
    metadata = manifest["metadata"]
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}
    try:
        world.objects.add(kind, manifest)
    except Taken:
        key = (metadata["namespace"], metadata["name"])

        def change(each: Object) -> None:
            each["spec"] = {**manifest["spec"]}
            each["metadata"]["labels"] = metadata["labels"]

        world.patch(kind, key, change)


def _check(world: World, manifest: Object, namespace: str) -> None:
    version, kind = manifest["apiVersion"], manifest["kind"]
    plain = kind in _PLAIN.get(version, ()) or (version, kind) == ("apps/v1", "Deployment")
    if plain or _kind(world, manifest):
        return
    name = f"{kind}/{namespace}/{manifest['metadata']['name']}"
    raise Mismatch(f'{name} dry-run failed: no matches for kind "{kind}" in version "{version}"')


def _kind(world: World, manifest: Object) -> Kind | None:
    wanted = (manifest["apiVersion"], manifest["kind"])
    known = world.objects.kinds
    return next((kind for kind in known if (kind.api_version, kind.kind) == wanted), None)


def _namespace(owner: Object, manifest: Object) -> str:
    found = owner["spec"].get("targetNamespace") or manifest["metadata"].get("namespace")
    return str(found or owner["metadata"]["namespace"])
