"""`slipway check`: whether the service files, and every server they need, are in order."""

import json
import os
import sys
from collections.abc import Sequence

from slipway.config import read_service, service_names
from slipway.doctor import Finding, examine
from slipway.doctor.findings import shown
from slipway.errors import InvalidInput
from slipway.service import Service
from slipway.settings import load, prefect_access


def check(services: Sequence[str], *, offline: bool, as_json: bool) -> int:
    """Print what is wrong; 0 when everything is known to be well. Changes nothing anywhere."""
    try:
        settings = load()
    except InvalidInput as error:
        print(json.dumps({"error": error.message, "hint": error.hint}) if as_json else error)
        return 1
    good: dict[str, Service] = {}
    troubles: dict[str, str] = {}
    for name in services or service_names(settings.services):
        try:
            good[name] = read_service(settings.services, name)
        except InvalidInput as error:
            troubles[name] = str(error)
    found: dict[str, list[Finding]] = {}
    if not offline:
        access = prefect_access()
        found = {name: list(examine(one, settings, access)) for name, one in good.items()}
    none = f"no service files in {settings.services}"
    text = _text(good, troubles, found) or none
    print(_document(good, troubles, found) if as_json else text)
    well = all(each.outcome == "ok" for findings in found.values() for each in findings)
    return 0 if good and not troubles and well else 1


def _document(
    good: dict[str, Service], troubles: dict[str, str], found: dict[str, list[Finding]]
) -> str:
    told = {
        name: {"file": "ok", "findings": [each.model_dump() for each in found.get(name, ())]}
        for name in good
    }
    return json.dumps(told | {name: {"file": said} for name, said in troubles.items()})


def _text(
    good: dict[str, Service], troubles: dict[str, str], found: dict[str, list[Finding]]
) -> str:
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    lines = [
        shown(name, found[name], colours=colours) if name in found else f"{name}: ok"
        for name in good
    ]
    return "\n".join([*lines, *(f"{name}: {said}" for name, said in troubles.items())])
