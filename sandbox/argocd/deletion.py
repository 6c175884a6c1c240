"""The end of an application: with its finalizer it takes along what it made."""

from sandbox.argocd.application import Object
from sandbox.argocd.apply import removed
from sandbox.argocd.world import World

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def finalize(world: World, application: Object) -> None:
    """Finish a deletion that was begun."""
    world.sleep(world.controls.delays.deletion)
    if FINALIZER in application["metadata"].get("finalizers", []):
        for each in world.live(application):
            if "ownerReferences" not in each["metadata"]:
                removed(world, each)
    world.store.delete(application["metadata"]["name"])
