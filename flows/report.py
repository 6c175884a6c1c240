"""Lead time, deployment frequency, failure rate and recovery time of each service."""

from prefect import flow

from slipway.errors import Final
from tasks.metrics import report_metrics
from tasks.watch import all_services


@flow(name="report", persist_result=False)
def report(service: str | None = None, days: int = 30) -> None:
    """Write the figures of the service, or of each one, as artifacts.

    Raises Final after all were measured, where one of them could not be.
    """
    troubles = [report_metrics(n, days) for n in ([service] if service else all_services())]
    if told := list(filter(None, troubles)):
        raise Final("\n".join(told), "the others are written; run it again once these can be read")
