"""`slipway check`: whether the service files are good."""

import json
from collections.abc import Sequence

from slipway.config import read_service, service_names
from slipway.errors import InvalidInput
from slipway.settings import load


def check(services: Sequence[str], *, as_json: bool) -> int:
    """Read the service files and print what is wrong with each."""
    folder = load().services
    troubles: dict[str, str | None] = {}
    for name in services or service_names(folder):
        try:
            read_service(folder, name)
            troubles[name] = None
        except InvalidInput as error:
            troubles[name] = str(error)
    if as_json:
        print(json.dumps(troubles))
    else:
        for name, trouble in troubles.items():
            print(f"{name}: {trouble or 'ok'}")
        if not troubles:
            print(f"no service files in {folder}")
    return 1 if any(troubles.values()) or not troubles else 0
