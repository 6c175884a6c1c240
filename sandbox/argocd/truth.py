"""What really runs, read from the cluster itself and not from what the controllers say of it."""

from dataclasses import dataclass

from sandbox.argocd.world import World


@dataclass(frozen=True)
class Truth:
    """The workload of one application at one moment."""

    revisions: tuple[str, ...]  # what it was rendered from: the sources of the last applied sync
    reference: str  # the image that its template asks for; empty without a workload
    replicas: int  # how many pods are wanted
    ready: tuple[str, ...]  # the digest that each ready pod of the newest template runs
    others: tuple[str, ...]  # the digest of every other pod that has not gone

    def runs(self, digest: str) -> bool:
        """Whether the wanted pods are there, ready, of this digest, and no others serve."""
        whole = self.replicas > 0 and len(self.ready) == self.replicas
        return whole and set(self.ready) == {digest}


def truth(world: World, name: str) -> Truth:
    """The truth about an application; everything is empty while it runs nothing."""
    revisions = tuple(world.rendered.get(name, []))
    application = world.store.get(name)
    space = application["spec"]["destination"].get("namespace", "default") if application else ""
    workload = world.cluster.workload(space)
    if workload is None:
        return Truth(revisions, "", 0, (), ())
    with workload.lock:
        template, newest = workload.template, workload.newest
        ready = newest.ready() if newest else []
        others = [pod for pod in workload.pods() if pod not in ready]
        digests = [tuple(_digest(pod.state.image_id) for pod in pods) for pods in (ready, others)]
    return Truth(revisions, template.image, template.replicas, digests[0], digests[1])


def _digest(image_id: str) -> str:
    return image_id.rpartition("@")[2]
