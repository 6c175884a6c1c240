"""Measure a service's deliveries, and keep the figures as an artifact and as files."""

from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact

from slipway.config import read_service
from slipway.metrics import measure
from slipway.metrics.files import write_pages
from slipway.metrics.text import metrics_text
from tasks.environment import settings
from tasks.report import artifact_key


def report_metrics(name: str, days: int) -> None:
    """Write the artifact `SERVICE-metrics`, and the page and JSON of it where a folder is set.

    Raises what the measurement raises, and Retryable where the folder cannot be written.
    """
    known = settings()
    found = measure(read_service(known.services, name), known, days, datetime.now(UTC))
    create_markdown_artifact(
        key=artifact_key(name, "metrics"),
        markdown=metrics_text(found),
        description=f"{name}: {days} days of {found.environment}",
    )
    if known.report_folder:
        write_pages(found, known.report_folder)
