"""What a step knows about where it runs: its settings, its run and its log."""

from datetime import datetime

from prefect.blocks.system import Secret
from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger
from prefect.runtime import flow_run

from slipway.settings import Settings, load


def settings() -> Settings:
    """Settings of this worker; secrets it lacks come from Prefect Secret blocks."""
    return load(_from_block)


def _from_block(name: str) -> str | None:
    try:
        return str(Secret.load(name).get())  # type: ignore[union-attr]  # sync outside a loop
    except ValueError:  # Prefect's way to say that there is no such block
        return None


def run_id() -> str:
    """Id of the flow run this step belongs to."""
    return str(flow_run.id)


def began() -> datetime:
    """When the flow run was to start for the first time; retries and resumed runs keep it."""
    moment: datetime = flow_run.scheduled_start_time
    return moment


def say(sentence: str) -> None:
    """One line in the run's log; in this process's own where there is no run, as in a hook."""
    try:
        logger = get_run_logger()
    except MissingContextError:
        logger = get_logger("slipway")
    logger.info(sentence)
