"""Measure a service's deliveries, and keep the figures as an artifact."""

from datetime import UTC, datetime

from prefect.artifacts import create_markdown_artifact

from slipway.config import read_service
from slipway.errors import SlipwayError
from slipway.metrics import measure
from slipway.metrics.text import metrics_text
from tasks.environment import say, settings
from tasks.report import artifact_key


def report_metrics(name: str, days: int) -> str:
    """Write the artifact `SERVICE-metrics`; why it could not, or nothing."""
    known = settings()
    try:
        found = measure(read_service(known.services, name), known, days, datetime.now(UTC))
    except SlipwayError as error:
        say(f"{name}: {error}")
        return f"{name}: {error.message}"
    create_markdown_artifact(
        key=artifact_key(name, "metrics"),
        markdown=metrics_text(found),
        description=f"{name}: {days} days of {found.environment}",
    )
    return ""
