"""Whether we may do all that a wait needs, asked of the cluster itself before anything begins."""

from collections.abc import Iterable

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import Resource
from slipway.errors import Unauthorized

Right = tuple[str, Resource, str, str]  # verb, type, namespace, and name; empty: every object


def check_rights(client: Client, about: str, needed: Iterable[Right], seconds: float) -> None:
    """Raise Unauthorized that names all that is missing of what `about` needs.

    `seconds` are for each question. Where we may not ask for our rights, each call says by itself
    what it lacks.
    """
    try:
        missing = [
            f"{verb} {resource.rule} in namespace {namespace}"
            for verb, resource, namespace, name in dict.fromkeys(needed)
            if not client.may(verb, resource, namespace, name, seconds)
        ]
    except Unauthorized:
        return
    if missing:
        raise Unauthorized(
            f"for {about} we may not: {'; '.join(dict.fromkeys(missing))}",
            f"allow it for the user of {client.source}, by a Role and a RoleBinding",
        )
