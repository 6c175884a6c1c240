"""What is wrong before a wait begins: project, cluster, permissions. Each has its own text."""

from collections.abc import Mapping
from typing import Any

from slipway.clients.kubernetes import Client
from slipway.clients.kubernetes_resources import (
    APPLICATION,
    DEPLOYMENT,
    POD,
    PROJECT,
    REPLICA_SET,
    Resource,
)
from slipway.errors import InvalidInput, NotFound, Unauthorized
from slipway.service import Application

Json = Mapping[str, Any]
_HERE = {"", "https://kubernetes.default.svc", "in-cluster"}  # Argo CD's names for its own cluster


def check_project(application: Application, read: Json) -> None:
    """Raise NotFound when it is in another project than the service file says."""
    project = str((read.get("spec") or {}).get("project") or "default")
    if application.project and project != application.project:
        raise NotFound(
            f"application '{application.name}' is in project '{project}', "
            f"not in '{application.project}'",
            "correct application.project in the service file",
        )


def check_place(application: Application, read: Json) -> None:
    """Raise InvalidInput when it runs in another cluster than Argo CD's own."""
    spec = read.get("spec") or {}
    destination = spec.get("destination") or {}
    elsewhere = {str(destination.get(key) or "") for key in ("server", "name")} - _HERE
    if elsewhere:
        raise InvalidInput(
            f"application '{application.name}' runs in another cluster: {elsewhere.pop()}",
            "its workloads cannot be seen through Argo CD's own cluster: use engine: argocd",
        )


def check_rights(client: Client, application: Application, read: Json, seconds: float) -> None:
    """Raise Unauthorized that names all that is missing of what the wait needs.

    Where we may not ask for our rights, each call says by itself what it lacks.
    """
    metadata, spec = read.get("metadata") or {}, read.get("spec") or {}
    own, name = str(metadata.get("namespace")), application.name
    below = str((spec.get("destination") or {}).get("namespace") or own)
    needed: list[tuple[str, Resource, str, str]] = [
        ("patch", APPLICATION, own, name),
        ("watch", APPLICATION, own, name),
        ("get", PROJECT, own, application.project),
        ("get", DEPLOYMENT, below, ""),
        ("list", REPLICA_SET, below, ""),
        ("list", POD, below, ""),
    ]
    try:
        missing = [
            f"{verb} {resource.rule} in namespace {namespace}"
            for verb, resource, namespace, name in needed
            if not client.may(verb, resource, namespace, name, seconds)
        ]
    except Unauthorized:
        return
    if missing:
        raise Unauthorized(
            f"for application '{application.name}' we may not: {'; '.join(missing)}",
            f"allow it for the user of {client.source}, by a Role and a RoleBinding",
        )
