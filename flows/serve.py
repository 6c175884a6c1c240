"""Serve every service's flows from this one process: `python -m flows.serve`.

For a team's first weeks. Larger installations deploy `deployments/prefect.yaml` to a work pool.
"""

from prefect import serve
from prefect.deployments.runner import EntrypointType, RunnerDeployment

from flows.deliver import deliver
from flows.promote import promote
from slipway.config import service_names
from slipway.settings import load


def deployments(service: str) -> list[RunnerDeployment]:
    """The deployments of one service, named as in deployments/prefect.yaml."""
    return [
        each.to_deployment(
            name=service,
            parameters={"service": service},
            tags=[service],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for each in (deliver, promote)
    ]


if __name__ == "__main__":
    names = service_names(load().services)
    serve(*(deployment for name in names for deployment in deployments(name)))
