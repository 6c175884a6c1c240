"""The end of an application: with its finalizer it takes along what it made."""

from sandbox.argocd.apply import removed
from sandbox.argocd.store import Gone
from sandbox.argocd.world import World

FINALIZER = "resources-finalizer.argocd.argoproj.io"


def finalized(world: World, name: str) -> None:
    """Finish a deletion that was begun; raises Gone when it has ended."""
    application = world.store.get(name)
    if application is None:
        raise Gone(name)
    if "deletionTimestamp" not in application["metadata"]:
        return
    world.sleep(world.controls.delays.deletion)
    if FINALIZER in application["metadata"].get("finalizers", []):
        for each in world.live(application):
            if "ownerReferences" not in each["metadata"]:
                removed(world, each)
    world.store.delete(name)
    raise Gone(name)
