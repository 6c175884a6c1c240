"""Applying and removing single manifests: to the cluster, or to the applications themselves."""

from sandbox.argocd.application import Object
from sandbox.argocd.compare import env_of, image_of, is_hook, key_of
from sandbox.argocd.rendering import WORKLOADS
from sandbox.argocd.world import World
from sandbox.kubernetes.kind import APPLICATION


def applied(world: World, manifest: Object) -> str:
    """Apply one manifest: "created", "configured" or "unchanged"; raises Refused."""
    metadata = manifest["metadata"]
    if manifest["kind"] in WORKLOADS:
        return world.cluster.apply(
            metadata["namespace"],
            metadata["name"],
            image_of(manifest),
            manifest["spec"].get("replicas", 1),
            env_of(manifest),
            kind=manifest["kind"],
        )
    if manifest["kind"] == APPLICATION.kind:
        return _application(world, manifest)
    return world.cluster.put(manifest)


def removed(world: World, live: Object) -> None:
    """Delete one live object; an application only begins to be deleted."""
    _, kind, namespace, name = key_of(live)
    if kind == APPLICATION.kind:
        world.store.begin_deletion(name)
    else:
        world.cluster.remove(namespace, kind, name)


def result(manifest: Object, done: str = "", problem: str = "") -> Object:
    """An entry of `syncResult.resources`."""
    group, kind, namespace, name = key_of(manifest)
    version = manifest["apiVersion"].rpartition("/")[2]
    named = {"group": group, "version": version, "kind": kind, "namespace": namespace}
    said = f"{kind.lower()}{'.' if group else ''}{group}/{name} {done}"
    entry: Object = {**named, "name": name, "message": problem or said, "syncPhase": "Sync"}
    entry["status"] = "SyncFailed" if problem else "Synced"
    entry["hookPhase"] = "Failed" if problem else "Running"
    if manifest["kind"] in WORKLOADS:
        entry["images"] = [image_of(manifest)]
    return entry


def pruned(live: Object, *, prune: bool) -> Object:
    """The entry of an object that nobody wants any more."""
    status = "Pruned" if prune else "PruneSkipped"
    said = "pruned" if prune else "ignored (requires pruning)"
    return {**result(live), "status": status, "message": said, "hookPhase": "Succeeded"}


def hook_result(hook: Object, phase: str, kind: str, message: str) -> Object:
    """The entry of a hook; `kind` is PreSync, PostSync or another time for it."""
    return {
        **result(hook),
        "status": "Synced" if phase == "Succeeded" else "",
        "hookType": kind,
        "syncPhase": kind,
        "hookPhase": phase,
        "message": message,
    }


def extra(targets: list[Object], live: list[Object]) -> list[Object]:
    """What is there without being wanted; hooks and owned objects do not count."""
    wanted = {key_of(each) for each in targets}
    return [
        each
        for each in live
        if key_of(each) not in wanted
        and not is_hook(each)
        and "ownerReferences" not in each["metadata"]
    ]


def _application(world: World, manifest: Object) -> str:
    """Create a child, or write what its manifest says over what it has."""
    name, wanted = manifest["metadata"]["name"], manifest["metadata"]
    before = world.store.get(name)
    if before is None:
        world.manage(manifest)
        return "created"

    def change(child: Object) -> None:
        child["spec"] = {"project": "default", **manifest["spec"]}
        for part in ("labels", "annotations"):
            if wanted.get(part):
                child["metadata"].setdefault(part, {}).update(wanted[part])

    after = world.store.patch(name, change)
    version = before["metadata"]["resourceVersion"]
    return "configured" if after["metadata"]["resourceVersion"] != version else "unchanged"
