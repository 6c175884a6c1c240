"""`slipway status`: what runs where, and whether that is proven."""

import json
from collections.abc import Sequence

from slipway import ledger
from slipway.config import read_service, service_names
from slipway.errors import SlipwayError
from slipway.ledger.entries import Hold
from slipway.model import EnvironmentStatus
from slipway.settings import load
from slipway.status import status
from slipway.text import printable

_HEAD = ("SERVICE", "ENVIRONMENT", "VERSION", "DIGEST", "REVISION", "SYNC", "HEALTH", "SINCE", "")


def show(names: Sequence[str], *, as_json: bool) -> int:
    """Print one line for each environment; 0 when every one of them is proven."""
    found: dict[str, tuple[EnvironmentStatus, ...]] = {}
    held: dict[str, tuple[Hold, ...]] = {}
    troubles: dict[str, SlipwayError] = {}
    try:
        settings = load()
    except SlipwayError as error:
        print(json.dumps({"error": error.message, "hint": error.hint}) if as_json else error)
        return 1
    for name in names or service_names(settings.services):
        try:
            service = read_service(settings.services, name)
            found[name] = status(service, settings)
            held[name] = ledger.read(service, settings).holds
        except SlipwayError as error:
            troubles[name] = error
    print(_document(found, held, troubles) if as_json else _table(found, held, troubles))
    rows = [row for each in found.values() for row in each]
    return 0 if rows and not troubles and all(row.proven for row in rows) else 1


def _document(
    found: dict[str, tuple[EnvironmentStatus, ...]],
    held: dict[str, tuple[Hold, ...]],
    troubles: dict[str, SlipwayError],
) -> str:
    shown: dict[str, object] = {
        name: [_row(row, held.get(name, ())) for row in rows] for name, rows in found.items()
    }
    told = {name: {"error": e.message, "hint": e.hint} for name, e in troubles.items()}
    return json.dumps(shown | told)


def _row(row: EnvironmentStatus, holds: tuple[Hold, ...]) -> dict[str, object]:
    here = [hold for hold in holds if hold.environment in (None, row.environment)]
    return row.model_dump(mode="json") | {"holds": [hold.model_dump(mode="json") for hold in here]}


def _table(
    found: dict[str, tuple[EnvironmentStatus, ...]],
    held: dict[str, tuple[Hold, ...]],
    troubles: dict[str, SlipwayError],
) -> str:
    rows = [_HEAD, *(_cells(name, row) for name, each in found.items() for row in each)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    holds = [_held(hold) for each in held.values() for hold in each]
    told = [f"{name}: {error}" for name, error in troubles.items()]
    return "\n".join([*(lines if found else ()), *holds, *told])


def _held(hold: Hold) -> str:
    version = f" {hold.version}" if hold.version else ""
    where = hold.environment or "every environment"
    said = f"by {hold.by} since {hold.at:%Y-%m-%d %H:%M} UTC: {hold.reason}"
    return printable(f"held: {hold.service}{version} in {where}, {said}", 500)


def _cells(service: str, row: EnvironmentStatus) -> tuple[str, ...]:
    since = row.since.strftime("%Y-%m-%d %H:%M:%SZ") if row.since else "-"
    said = "proven" if row.proven else f"only claimed: {row.reason}"
    digest = row.digest.removeprefix("sha256:")[:12]
    cells = (row.version, digest, row.revision[:7], row.sync, row.health, since, said)
    return (service, row.environment, *(printable(cell) or "-" for cell in cells))
