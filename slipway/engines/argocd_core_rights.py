"""What is wrong before a wait begins: project, cluster, permissions. Each has its own text."""

from collections.abc import Mapping
from typing import Any

from slipway.clients.kubernetes_resources import (
    APPLICATION,
    DEPLOYMENT,
    POD,
    PROJECT,
    REPLICA_SET,
)
from slipway.engines.kubernetes_rights import Right
from slipway.errors import InvalidInput, NotFound
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


def rights(read: Json) -> list[Right]:
    """What is done with an Application object: it is watched and changed, its windows are read."""
    metadata, spec = read.get("metadata") or {}, read.get("spec") or {}
    own, name = str(metadata.get("namespace")), str(metadata.get("name"))
    return [
        ("patch", APPLICATION, own, name),
        ("watch", APPLICATION, own, name),
        ("get", PROJECT, own, str(spec.get("project") or "default")),
    ]


def rights_below(read: Json) -> list[Right]:
    """What is read of its workloads."""
    metadata, spec = read.get("metadata") or {}, read.get("spec") or {}
    below = str((spec.get("destination") or {}).get("namespace") or metadata.get("namespace"))
    return [
        ("get", DEPLOYMENT, below, ""),
        ("list", REPLICA_SET, below, ""),
        ("list", POD, below, ""),
    ]
