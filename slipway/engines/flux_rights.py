"""What is wrong before a wait begins: the settings, the cluster, permissions. Each has its text."""

from collections.abc import Iterable

from slipway.clients.kubernetes_resources import POD, REPLICA_SET
from slipway.engines.flux_chain import Chain, checked_links
from slipway.engines.flux_cluster import reference_to
from slipway.engines.flux_kinds import KINDS
from slipway.engines.flux_objects import named, part
from slipway.engines.kubernetes_rights import Right
from slipway.errors import InvalidInput
from slipway.service import Application


def check_manual(application: Application) -> None:
    """Raise InvalidInput for `sync: manual`: Flux has no sync that a client could start."""
    if application.sync == "manual":
        raise InvalidInput(
            f"application '{application.name}' has sync: manual, which Flux does not know",
            "remove it: Flux applies what it reads; a gate or a pull request holds a change back",
        )


def check_place(chain: Chain) -> None:
    """Raise InvalidInput when it deploys to another cluster than Flux's own."""
    if part(chain.last, "spec", "kubeConfig"):
        raise InvalidInput(
            f"{named(chain.last)} deploys to another cluster: it has spec.kubeConfig",
            "its workloads cannot be seen from Flux's cluster: run Flux in the other one",
        )


def rights(chain: Chain) -> list[Right]:
    """What is done with the objects of a chain: all are read, and those that we ask are changed."""
    needed = list[Right]()
    for link in checked_links(chain):
        reference = reference_to(link)
        verbs = ("get",) if reference.kind == "HelmChart" else ("get", "patch", "watch")
        where = (KINDS[reference.kind], reference.namespace, reference.name)
        needed += [(verb, *where) for verb in verbs]
    return needed


def rights_to_nodes(below: Iterable[Right]) -> list[Right]:
    """What is read of the Pods of these workloads."""
    places = dict.fromkeys(namespace for _, _, namespace, _ in below)
    return [("list", each, namespace, "") for namespace in places for each in (REPLICA_SET, POD)]
