"""Whose keys count: those in the service file, and those in a file of the GitOps repository."""

from slipway.clients.git import cloned
from slipway.errors import NotFound
from slipway.service import Gate, Service
from slipway.settings import Settings


def signers_of(service: Service, gate: Gate, settings: Settings) -> tuple[str, ...]:
    """Lines of an allowed_signers file, read now. Raises NotFound, and what cloning raises."""
    if gate.signers_file is None:
        return gate.signers
    gitops = service.gitops
    token = settings.optional("gitops_token")
    with cloned(gitops.repository, gitops.branch, token, sparse=True) as clone:
        found = clone.read(gate.signers_file, clone.head)
    if found is None:
        raise NotFound(
            f"there is no {gate.signers_file} in {gitops.repository}",
            "add the file, or correct gate.signers_file in the service file",
        )
    lines = found.decode("utf-8", "replace").splitlines()
    return (*gate.signers, *(line for line in lines if line.strip()))
