"""What a controller asks of the cluster: apply a Deployment, and wait until it runs."""

from collections.abc import Callable

from sandbox.cluster.controller import Cluster
from sandbox.flux.world import Object


def apply(cluster: Cluster, deployment: Object, labels: dict[str, str]) -> None:
    """Make a namespace run it; raises what the cluster refuses with."""
    metadata, spec = deployment["metadata"], deployment["spec"]
    container = spec["template"]["spec"]["containers"][0]
    env = {item["name"]: str(item.get("value", "")) for item in container.get("env") or []}
    replicas = spec.get("replicas", 1)
    namespace = metadata.get("namespace", "default")
    cluster.apply(namespace, metadata["name"], container["image"], replicas, env, labels)


def state(cluster: Cluster, namespace: str, name: str) -> str:
    """Its state by the kstatus rules: Current, InProgress, Failed or NotFound."""
    live = [each for each in cluster.objects(namespace) if each["kind"] == "Deployment"]
    found = next((each for each in live if each["metadata"]["name"] == name), None)
    if found is None:
        return "NotFound"
    spec, status = found["spec"], found["status"]
    if any(each.get("reason") == "ProgressDeadlineExceeded" for each in status["conditions"]):
        return "Failed"
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    seen = status.get("observedGeneration") == found["metadata"]["generation"]
    return "Current" if seen and counts == {spec["replicas"]} else "InProgress"


def waited(
    states: Callable[[], dict[str, str]],
    sleep: Callable[[float], None],
    seconds: float,
    poll: float,
) -> dict[str, str]:
    """What is not current after at most `seconds`; early once nothing can change any more."""
    left = seconds
    while True:
        open_ones = {name: now for name, now in states().items() if now != "Current"}
        if not open_ones or left <= 0 or set(open_ones.values()) == {"Failed"}:
            return open_ones
        sleep(min(poll, left))
        left -= poll
