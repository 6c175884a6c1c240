"""`slipway new`: the service file of a new service."""

import json
from pathlib import Path

from slipway.config import parse_service
from slipway.errors import Conflict, SlipwayError
from slipway.layout import layout
from slipway.layout.service_file import New, service_file
from slipway.settings import load


def new(wanted: New, *, as_json: bool) -> int:
    """Write the service file and tell what comes next; a file that exists is never overwritten."""
    name = wanted.service
    try:
        path = load().services / f"{name}.yaml"
        _write(wanted, path)
    except SlipwayError as error:
        told = {"error": error.message, "hint": error.hint}
        print(json.dumps(told) if as_json else f"{name}: {error}")
        return 1
    following = [f"slipway {command} {name}" for command in ("check", "manifests", "plan")]
    if as_json:
        print(json.dumps({"file": str(path), "next": following}))
    else:
        print("\n".join([f"{path} is written; look through it, then:", *_indented(following)]))
    return 0


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]


def _write(wanted: New, path: Path) -> None:
    """Nothing is written unless the text is a good service file; Conflict where there is a file."""
    text = service_file(wanted)
    layout(parse_service(text, str(path), wanted.service))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise Conflict(
            f"{path} exists, and is left as it is",
            "choose another name, or remove the file first",
        ) from None
