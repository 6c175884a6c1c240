"""The console script: what Prefect's own commands cannot tell.

Exit codes: 0 all is well, 1 something is wrong with what was checked, 2 wrong usage.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from slipway.config import read_service, service_names
from slipway.errors import InvalidInput, SlipwayError
from slipway.evidence.provenance import Wanted
from slipway.evidence.verify import is_image_name, verify_by_name
from slipway.model import Verification
from slipway.settings import load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is the result."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command == "check":
        return check(options.service, as_json=options.json)
    if not is_image_name(options.image):
        parser.error(f"{options.image!r} is not HOST/REPOSITORY@DIGEST or HOST/REPOSITORY:TAG")
    return verify(options.image, options.service, as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slipway", description="From a commit to verified production."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    check_command = commands.add_parser("check", help="check service files; touches nothing")
    check_command.add_argument("service", nargs="*", help="services to check (default: all)")
    verify_command = commands.add_parser("verify", help="check the signed provenance of an image")
    verify_command.add_argument("image", help="HOST/REPOSITORY@DIGEST, or HOST/REPOSITORY:TAG")
    verify_command.add_argument("--service", help="it must be built from this service's source")
    for command in (check_command, verify_command):
        command.add_argument("--json", action="store_true", help="print one JSON object")
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


def verify(image: str, service: str | None, *, as_json: bool) -> int:
    """Check an image's provenance at its registry and print what it says, or why it fails."""
    try:
        settings = load()
        found = verify_by_name(image, _wanted(settings.services, service), settings)
    except SlipwayError as error:
        told = {"verified": False, "reason": error.message, "hint": error.hint}
        print(json.dumps(told) if as_json else f"not verified: {error}")
        return 1
    print(json.dumps({"verified": True, **found.model_dump()}) if as_json else _told(found))
    return 0


def _wanted(folder: Path, service: str | None) -> Wanted:
    return Wanted.by(read_service(folder, service)) if service else Wanted()


def _told(found: Verification) -> str:
    rows = {
        "key": found.key,
        "service": f"{found.service} {found.version}",
        "source": f"{found.repository} at {found.commit}",
        "builder": found.builder,
        "run": found.run,
    }
    lines = [f"  {name:<8} {value}" for name, value in rows.items()]
    return "\n".join([f"{found.reference}: signed provenance, verified", *lines])


if __name__ == "__main__":
    sys.exit(main())
