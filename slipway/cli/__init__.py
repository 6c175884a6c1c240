"""The console script: what Prefect's own commands cannot tell.

Exit codes: 0 all is well, 1 something is wrong with what was checked, 2 wrong usage.
"""

import argparse
from collections.abc import Sequence

from slipway.cli.check import check
from slipway.cli.plan import plan
from slipway.cli.verify import verify
from slipway.evidence.verify import is_image_name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit code is the result."""
    options = _parser().parse_args(arguments)
    result: int = options.run(options)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="slipway", description="From a commit to verified production."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    checking = commands.add_parser("check", help="check service files; touches nothing")
    checking.add_argument("service", nargs="*", help="services to check (default: all)")
    checking.set_defaults(run=lambda given: check(given.service, as_json=given.json))

    planning = commands.add_parser("plan", help="tell the next release; changes nothing")
    planning.add_argument("service", help="the service to plan for")
    planning.set_defaults(run=lambda given: plan(given.service, as_json=given.json))

    verifying = commands.add_parser("verify", help="check the signed provenance of an image")
    verifying.add_argument(
        "image", type=_image, help="HOST/REPOSITORY@DIGEST, or HOST/REPOSITORY:TAG"
    )
    verifying.add_argument("--service", help="it must be built from this service's source")
    verifying.set_defaults(run=lambda given: verify(given.image, given.service, as_json=given.json))

    for command in (checking, planning, verifying):
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _image(name: str) -> str:
    if not is_image_name(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is not HOST/REPOSITORY@DIGEST or HOST/REPOSITORY:TAG"
        )
    return name
