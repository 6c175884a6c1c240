"""The console script: what Prefect's own commands cannot tell.

Exit codes: 0 all is well, 1 something is wrong with what was checked, 2 wrong usage.
"""

import argparse
import functools
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, get_args

from slipway.answering import Decision
from slipway.cli import answer as answers
from slipway.cli import hold as holds
from slipway.cli.answer import answer
from slipway.cli.check import check
from slipway.cli.completion import SHELLS, completion
from slipway.cli.manifests import manifests
from slipway.cli.metrics import metrics
from slipway.cli.new import new
from slipway.cli.plan import plan
from slipway.cli.status import show
from slipway.cli.verify import verify
from slipway.cli.webhook import webhook
from slipway.evidence.verify import is_image_name
from slipway.layout import Engine
from slipway.layout.service_file import New

_Add: TypeAlias = Callable[..., argparse.ArgumentParser]


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

    checking = commands.add_parser("check", help="check service files, and what they need")
    checking.add_argument("service", nargs="*", help="services to check (default: all)")
    checking.add_argument("--offline", action="store_true", help="ask no server")
    checking.set_defaults(
        run=lambda given: check(given.service, offline=given.offline, as_json=given.json)
    )

    planning = commands.add_parser("plan", help="tell the next release; changes nothing")
    planning.add_argument("service", help="the service to plan for")
    planning.set_defaults(run=lambda given: plan(given.service, as_json=given.json))

    showing = commands.add_parser("status", help="show what runs where, and whether it is proven")
    showing.add_argument("service", nargs="*", help="services to show (default: all)")
    showing.set_defaults(run=lambda given: show(given.service, as_json=given.json))

    verifying = commands.add_parser("verify", help="check the signed provenance of an image")
    verifying.add_argument(
        "image", type=_image, help="HOST/REPOSITORY@DIGEST, or HOST/REPOSITORY:TAG"
    )
    verifying.add_argument("--service", help="it must be built from this service's source")
    verifying.set_defaults(run=lambda given: verify(given.image, given.service, as_json=given.json))

    printing = commands.add_parser("manifests", help="print what the GitOps repository needs")
    printing.add_argument("service", help="the service to print for")
    printing.add_argument("--engine", choices=get_args(Engine), help="default: the service's own")
    printing.add_argument("--output", type=Path, metavar="FOLDER", help="write the files there")
    printing.set_defaults(
        run=lambda given: manifests(given.service, given.engine, given.output, as_json=given.json)
    )

    starting = commands.add_parser("new", help="write the service file of a new service")
    starting.add_argument("service", help="its name: lower-case letters, digits and dashes")
    starting.add_argument("--repository", required=True, help="URL of the source repository")
    starting.add_argument("--image", required=True, help="HOST/REPOSITORY the image goes to")
    starting.add_argument("--gitops", required=True, help="URL of the GitOps repository")
    starting.add_argument(
        "--environment", action="append", help="in order; default: staging, then production"
    )
    starting.add_argument("--approver", action="append", help="who has to agree to the last one")
    starting.add_argument("--engine", choices=get_args(Engine), default="argocd")
    starting.set_defaults(run=lambda given: new(_new(given), as_json=given.json))

    others = (_answers(commands.add_parser), _holds(commands.add_parser))
    measuring = commands.add_parser("metrics", help="tell how often and how well it is delivered")
    measuring.add_argument("service", help="the service to tell about")
    measuring.add_argument("--days", type=int, default=30, help="so many, up to now")
    measuring.add_argument("--html", type=Path, metavar="FILE", help="write a page with plots too")
    measuring.add_argument("--json", action="store_true", help="print one JSON object")
    measuring.set_defaults(
        run=lambda given: metrics(given.service, given.days, given.html, as_json=given.json)
    )

    receiving = commands.add_parser("webhook", help="take events of the forge, start deliveries")
    receiving.add_argument("--host", default="127.0.0.1", help="address to listen on")
    receiving.add_argument("--port", type=int, default=8970, help="port to listen on")
    receiving.set_defaults(run=lambda given: webhook(given.host, given.port))
    completing = commands.add_parser("completion", help="print what a shell completes with")
    completing.add_argument("shell", choices=SHELLS, help="the shell")
    completing.set_defaults(run=lambda given: completion(given.shell, parser))
    for command in (
        checking, planning, showing, verifying, printing, starting, *itertools.chain(*others)
    ):  # fmt: skip
        command.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _answers(add: _Add) -> list[argparse.ArgumentParser]:
    """`approve` and `reject`."""
    made = []
    decisions: tuple[Decision, ...] = ("approve", "reject")
    for decision in decisions:
        command = add(decision, help=f"{decision} what a run waits with")
        command.add_argument("which", metavar="run", help="id of the run, or its name")
        command.add_argument("--reason", required=True, help="why; it is kept")
        command.add_argument("--as", dest="name", metavar="NAME", help="default: git's user.email")
        command.add_argument("--key", type=Path, help="SSH key to sign with, where it is asked for")
        command.add_argument("--yes", action="store_true", help="do not ask again")
        command.set_defaults(run=functools.partial(_answer, decision))
        made.append(command)
    return made


def _answer(decision: Decision, given: argparse.Namespace) -> int:
    return answer(
        decision,
        answers.Given(given.which, given.reason, given.name, given.key, given.yes, given.json),
    )


def _holds(add: _Add) -> list[argparse.ArgumentParser]:
    """`hold` and `release-hold`."""
    made = []
    for name, act, text in (
        ("hold", holds.hold, "let nothing change an environment, or bring a version there"),
        ("release-hold", holds.release, "release such a hold"),
    ):
        command = add(name, help=text)
        command.add_argument("service", help="the service")
        command.add_argument("environment", nargs="?", help="default: every environment")
        command.add_argument("--version", help="only this version")
        command.add_argument("--reason", required=True, help="why; it is kept")
        command.add_argument("--as", dest="name", metavar="NAME", help="default: git's user.email")
        command.set_defaults(run=functools.partial(_hold, act))
        made.append(command)
    return made


def _hold(act: Callable[[holds.Given], int], given: argparse.Namespace) -> int:
    return act(
        holds.Given(
            given.service, given.environment, given.version, given.reason, given.name, given.json
        )
    )


def _new(given: argparse.Namespace) -> New:
    return New(
        service=given.service,
        repository=given.repository,
        image=given.image,
        gitops=given.gitops,
        environments=given.environment or ["staging", "production"],
        approvers=given.approver or [],
        engine=given.engine,
    )


def _image(name: str) -> str:
    if not is_image_name(name):
        raise argparse.ArgumentTypeError(
            f"{name!r} is not HOST/REPOSITORY@DIGEST or HOST/REPOSITORY:TAG"
        )
    return name
