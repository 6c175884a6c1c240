"""`slipway status`: what runs where, and whether that is proven."""

import json
from collections.abc import Sequence

from slipway.config import read_service, service_names
from slipway.errors import SlipwayError
from slipway.model import EnvironmentStatus
from slipway.settings import Settings, load
from slipway.status import status
from slipway.text import printable

_HEAD = ("SERVICE", "ENVIRONMENT", "VERSION", "DIGEST", "REVISION", "SYNC", "HEALTH", "SINCE", "")


def show(names: Sequence[str], *, as_json: bool) -> int:
    """Print one line for each environment; 0 when every one of them is proven."""
    found: dict[str, tuple[EnvironmentStatus, ...]] = {}
    troubles: dict[str, SlipwayError] = {}
    try:
        settings = load()
    except SlipwayError as error:
        print(json.dumps({"error": error.message, "hint": error.hint}) if as_json else error)
        return 1
    for name in names or service_names(settings.services):
        try:
            found[name] = _status(name, settings)
        except SlipwayError as error:
            troubles[name] = error
    print(_document(found, troubles) if as_json else _table(found, troubles))
    rows = [row for each in found.values() for row in each]
    return 0 if rows and not troubles and all(row.proven for row in rows) else 1


def _status(name: str, settings: Settings) -> tuple[EnvironmentStatus, ...]:
    return status(read_service(settings.services, name), settings)


def _document(
    found: dict[str, tuple[EnvironmentStatus, ...]], troubles: dict[str, SlipwayError]
) -> str:
    shown: dict[str, object] = {
        name: [row.model_dump(mode="json") for row in rows] for name, rows in found.items()
    }
    told = {name: {"error": e.message, "hint": e.hint} for name, e in troubles.items()}
    return json.dumps(shown | told)


def _table(
    found: dict[str, tuple[EnvironmentStatus, ...]], troubles: dict[str, SlipwayError]
) -> str:
    rows = [_HEAD, *(_cells(name, row) for name, each in found.items() for row in each)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*(lines if found else ()), *(f"{n}: {e}" for n, e in troubles.items())])


def _cells(service: str, row: EnvironmentStatus) -> tuple[str, ...]:
    since = row.since.strftime("%Y-%m-%d %H:%M:%SZ") if row.since else "-"
    said = "proven" if row.proven else f"only claimed: {row.reason}"
    digest = row.digest.removeprefix("sha256:")[:12]
    cells = (row.version, digest, row.revision[:7], row.sync, row.health, since, said)
    return (service, row.environment, *(printable(cell) or "-" for cell in cells))
