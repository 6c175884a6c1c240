"""A release as the ledger keeps it: without notes and commits."""

from datetime import UTC, datetime
from typing import Any

from slipway.model import Release
from slipway.value import Timing

AT = datetime(2026, 1, 2, tzinfo=UTC)


def bare_release(service: str, version: str, **changed: Any) -> Release:
    """That version of the service, unless told otherwise."""
    known = {
        "service": service, "version": version, "tag": f"v{version}", "sha": "b" * 40,
        "previous": None, "commits": (), "notes": "", "url": "", "created": True,
        "timing": Timing(started=AT),
    }  # fmt: skip
    return Release.model_validate(known | changed)
