"""What a scanner's output means, and whether it stops a delivery. Pure.

Only a list of vulnerabilities counts as a scan. No list, an unreadable one, or no scanner at all
is "not scanned", which is never read as clean.
"""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from slipway.model import ScanReport
from slipway.service import Severity
from slipway.text import printable

SEVERITIES = ("critical", "high", "medium", "low", "info", "none", "unknown")  # worst first
_SHOWN = 5  # names of vulnerabilities in a sentence


class Vulnerability(NamedTuple):
    """One entry of a scanner's list."""

    name: str
    severity: str  # the worst of its ratings


def not_scanned(reason: str) -> ScanReport:
    """The report for an image nothing is known about."""
    return ScanReport(done=False, summary=f"not scanned: {reason}")


def vulnerabilities(output: bytes) -> list[Vulnerability] | None:
    """The list in a CycloneDX document; None when the output holds no such list."""
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("bomFormat") != "CycloneDX":
        return None
    entries = document.get("vulnerabilities")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    return [
        Vulnerability(printable(str(entry.get("id", "without a name")), 40), _worst(entry))
        for entry in entries
    ]


def report(found: Sequence[Vulnerability]) -> ScanReport:
    """The report of a scan that was done."""
    counts = Counter(item.severity for item in found)
    listed = tuple((name, counts[name]) for name in SEVERITIES if counts[name])
    text = ", ".join(f"{number} {name}" for name, number in listed)
    return ScanReport(
        done=True, found=listed, summary=f"scanned: {text or 'no known vulnerabilities'}"
    )


def against(found: Sequence[Vulnerability], fail_on: Severity) -> str | None:
    """What speaks against delivering an image with these; None when nothing does."""
    limit = SEVERITIES.index(fail_on)
    bad = sorted(
        {item for item in found if SEVERITIES.index(item.severity) <= limit},
        key=lambda item: (SEVERITIES.index(item.severity), item.name),
    )
    if not bad:
        return None
    names = ", ".join(f"{item.name} ({item.severity})" for item in bad[:_SHOWN])
    more = f" and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    return f"{names}{more}"


def _worst(entry: dict[str, Any]) -> str:
    ratings = entry.get("ratings")
    known = ratings if isinstance(ratings, list) else []
    said = {str(each.get("severity")).lower() for each in known if isinstance(each, dict)}
    return next((name for name in SEVERITIES if name in said), "unknown")
