"""Lead time, deployment frequency, failure rate and recovery time of each service."""

from functools import partial

from prefect import flow

from tasks.each import for_each_service
from tasks.metrics import report_metrics


@flow(name="report", persist_result=False)
def report(service: str | None = None, days: int = 30) -> None:
    """Write the figures of the service, or of each one, as artifacts.

    Raises Final after all were measured, where one of them could not be.
    """
    for_each_service(
        service, partial(report_metrics, days=days),
        "the others are written; run it again once these can be read",
    )  # fmt: skip
