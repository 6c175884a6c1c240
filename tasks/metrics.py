"""Measure a service's deliveries, and keep the figures as an artifact."""

from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact

from slipway.config import read_service
from slipway.metrics import measure
from slipway.metrics.text import metrics_text
from tasks.environment import settings
from tasks.report import artifact_key


def report_metrics(name: str, days: int) -> None:
    """Write the artifact `SERVICE-metrics`. Raises what the measurement raises."""
    known = settings()
    found = measure(read_service(known.services, name), known, days, datetime.now(UTC))
    create_markdown_artifact(
        key=artifact_key(name, "metrics"),
        markdown=metrics_text(found),
        description=f"{name}: {days} days of {found.environment}",
    )
