"""Look what a run has left in the environments of its service; touches nothing."""

from slipway.clients.git import cloned
from slipway.gitops.before import own_commit
from slipway.left import Left
from slipway.service import Service
from slipway.settings import Settings
from slipway.status import status


def survey(service: Service, run: str, settings: Settings) -> tuple[Left, ...]:
    """One value for each environment, in the order of the service file.

    Raises what reading the GitOps repository raises; an engine's trouble is in the reason.
    """
    gitops = service.gitops
    token = settings.optional("gitops_token")
    with cloned(gitops.repository, gitops.branch, token, sparse=True) as clone:
        commits = {
            each.name: own_commit(clone, {"Slipway-Run": run, "Slipway-Environment": each.name})
            for each in service.environments
        }
    proposing = {each.name for each in service.environments if each.write == "pull-request"}
    return tuple(
        Left(
            environment=row.environment,
            commit=found[0] if (found := commits[row.environment]) else "",
            version=row.version,
            proven=row.proven,
            reason=row.reason,
            proposes=row.environment in proposing,
        )
        for row in status(service, settings)
    )
