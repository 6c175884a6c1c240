"""`slipway metrics`: how often and how quickly a service gets into production, and how well."""

import json
from datetime import UTC, datetime
from pathlib import Path

from slipway.config import read_service
from slipway.errors import SlipwayError
from slipway.metrics import measure
from slipway.metrics.page import metrics_page
from slipway.metrics.text import metrics_text
from slipway.settings import load


def metrics(name: str, days: int, page: Path | None, *, as_json: bool) -> int:
    """Print the figures; with `page` as an HTML file too. 0 unless they cannot be read."""
    try:
        settings = load()
        found = measure(read_service(settings.services, name), settings, days, datetime.now(UTC))
    except SlipwayError as error:
        told = {"error": error.message, "hint": error.hint}
        print(json.dumps(told) if as_json else f"{name}: {error}")
        return 1
    if page:
        page.write_text(metrics_page(found), encoding="utf-8")
    print(found.model_dump_json() if as_json else metrics_text(found), end="\n" if as_json else "")
    return 0
