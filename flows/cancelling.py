"""What happens after somebody has cancelled a run that was under way.

Prefect ends the run's process first: the step in flight stops, its children and temporary folders
go with it. Then it calls this, in the process that executes the runs.
"""

from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging.loggers import flow_run_logger

from tasks.cancelling import what_is_left, write_left
from tasks.notify import tell_of


def say_what_is_left(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Look at the world and say it in the run's log, in an artifact and to who wants to know."""
    service, run, name = str(flow_run.parameters["service"]), str(flow_run.id), str(flow_run.name)
    sentences = what_is_left(service, run)
    logger = flow_run_logger(flow_run, flow)
    logger.info("%s: what is done and what is left", state.name)
    for line in sentences.splitlines():
        logger.warning(line)
    write_left(service, run, name, sentences)
    tell_of(run, name, "Cancelled", sentences)
