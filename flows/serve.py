"""Serve every service's flows from this one process: `python -m flows.serve`.

For a team's first weeks. Larger installations deploy `deployments/prefect.yaml` to a work pool.
"""

import os
from typing import Any

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.types.entrypoint import EntrypointType

from flows.deliver import deliver
from flows.promote import promote
from flows.reap import reap
from flows.report import report
from flows.rollback import rollback
from flows.watch import watch
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


def lookouts(watch_seconds: int) -> list[RunnerDeployment]:
    """Those of all services: finding runs without a process, looking at the sources, measuring.

    What has no interval is started by people, or by a schedule that they make.
    """
    return [
        RunnerDeployment.from_flow(
            each, name="slipway", interval=seconds, entrypoint_type=EntrypointType.MODULE_PATH
        )
        for each, seconds in ((reap, 30), (watch, watch_seconds or None), (report, None))
    ]


if __name__ == "__main__":
    os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "30")  # of the runs' processes
    settings = load()
    names = service_names(settings.services)
    served = [deployment for name in names for deployment in deployments(name)]
    serve(*served, *lookouts(settings.watch_seconds), pause_on_shutdown=False)
