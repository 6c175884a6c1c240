"""Serve every service's flows from this one process: `python -m flows.serve`.

For a team's first weeks. Larger installations deploy `deployments/prefect.yaml` to a work pool.
"""

from typing import Any

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from flows.deliver import deliver
from flows.promote import promote
from flows.rollback import rollback
from slipway.config import service_names
from slipway.settings import load

FLOWS: tuple[Flow[..., Any], ...] = (deliver, promote, rollback)


def deployments(service: str) -> list[RunnerDeployment]:
    """The deployments of one service, named as in deployments/prefect.yaml."""
    return [
        RunnerDeployment.from_flow(
            each,
            name=service,
            parameters={"service": service},
            tags=[service],
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for each in FLOWS
    ]


if __name__ == "__main__":
    names = service_names(load().services)
    served = [deployment for name in names for deployment in deployments(name)]
    serve(*served, pause_on_shutdown=False)
