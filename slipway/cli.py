"""The console script: what Prefect's own commands cannot tell.

Exit codes: 0 all is well, 1 something is wrong with what was checked, 2 wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from slipway.config import read_service, service_names
from slipway.errors import InvalidInput
from slipway.settings import load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is the result."""
    options = _parser().parse_args(arguments)
    return check(options.service, as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slipway", description="From a commit to verified production."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check_command = commands.add_parser("check", help="check service files; touches nothing")
    check_command.add_argument("service", nargs="*", help="services to check (default: all)")
    check_command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


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


if __name__ == "__main__":
    sys.exit(main())
