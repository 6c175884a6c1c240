"""What is wrong before a wait begins: the settings, the cluster, permissions. Each has its text."""

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import POD, REPLICA_SET, Resource
from slipway.engines.flux_chain import Chain, checked_links
from slipway.engines.flux_cluster import reads_below, reference_to
from slipway.engines.flux_kinds import KINDS
from slipway.engines.flux_objects import named, part
from slipway.errors import InvalidInput, Unauthorized
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


def check_rights(client: Client, chain: Chain, seconds: float) -> None:
    """Raise Unauthorized that names all that is missing of what the wait needs."""
    needed: list[tuple[str, Resource, str, str]] = []
    for link in checked_links(chain):
        reference = reference_to(link)
        verbs = ("get",) if reference.kind == "HelmChart" else ("get", "patch")
        where = (KINDS[reference.kind], reference.namespace, reference.name)
        needed += [(verb, *where) for verb in verbs]
    last = reference_to(chain.last)
    needed.append(("watch", KINDS[last.kind], last.namespace, last.name))
    below = reads_below(chain.last)
    needed += [(verb, resource, namespace, "") for verb, resource, namespace in below]
    for namespace in dict.fromkeys(namespace for _, _, namespace in below):
        needed += [("list", each, namespace, "") for each in (REPLICA_SET, POD)]
    missing = [
        f"{verb} {resource.rule} in namespace {namespace}"
        for verb, resource, namespace, name in needed
        if not client.may(verb, resource, namespace, name, seconds)
    ]
    if missing:
        raise Unauthorized(
            f"for {named(chain.last)} we may not: {'; '.join(missing)}",
            f"allow it for the user of {client.source}, by a Role and a RoleBinding",
        )
