"""`slipway completion`: what a shell needs to complete commands, options and services."""

import argparse

import shtab

SHELLS = ("bash", "zsh")
# Names of services alone: bash expands what is offered once more, and would run what else a file's
# name may hold.
_NAMES = (
    '(cd "${SLIPWAY_SERVICES:-services}" >/dev/null 2>&1 && ls -- *.yaml 2>/dev/null)'
    " | sed -n 's/^\\([a-z0-9][a-z0-9-]*\\)\\.yaml$/\\1/p'"
)
_PREAMBLE = {
    "bash": f'_slipway_services() {{ compgen -W "$({_NAMES})" -- "$1"; }}',
    "zsh": f'_slipway_services() {{ compadd -- ${{(f)"$({_NAMES})"}}; }}',
}
_SERVICES = {"bash": "_slipway_services", "zsh": "_slipway_services"}


def completion(shell: str, parser: argparse.ArgumentParser) -> int:
    """Print the script for one shell."""
    _mark(parser)
    print(shtab.complete(parser, shell=shell, preamble=_PREAMBLE[shell]))
    return 0


def _mark(parser: argparse.ArgumentParser) -> None:
    """Let every argument that is a service be completed with the names of the service files."""
    for action in parser._actions:  # noqa: SLF001  # argparse has no other way to read them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                _mark(command)
        elif action.dest == "service" and not action.option_strings:
            action.complete = _SERVICES  # type: ignore[attr-defined]  # shtab's own mark
