"""`slipway manifests`: the files of a GitOps repository for a service."""

import json
from collections.abc import Mapping
from pathlib import Path

from slipway.config import read_service
from slipway.errors import Conflict, SlipwayError
from slipway.layout import Engine, Layout, layout
from slipway.settings import load


def manifests(name: str, engine: Engine | None, output: Path | None, *, as_json: bool) -> int:
    """Print a service's manifests, or write them below `output`, where nothing is overwritten."""
    try:
        made = layout(read_service(load().services, name), engine)
        written = _written(made, output) if output else {}
    except SlipwayError as error:
        told = {"error": error.message, "hint": error.hint}
        print(json.dumps(told) if as_json else f"{name}: {error}")
        return 1
    if as_json:
        print(json.dumps(written if output else _all(made)))
    elif output:
        for path, outcome in written.items():
            print(f"{outcome:<9} {output / path}")
    else:
        print(_stream(made), end="")
    return 0


def _stream(made: Layout) -> str:
    """What `kubectl apply -f -` takes: one stream, with the variants as comments."""
    found = [f"---\n# {path}\n{text}" for path, text in made.manifests.items()]
    for path, text in made.variants.items():
        lines = [path, *text.splitlines()]
        found.append("".join(f"# {line}\n" for line in lines))
    return "\n".join(found)


def _all(made: Layout) -> dict[str, str]:
    return {**made.manifests, **made.seeds, **made.variants}


def _written(made: Layout, folder: Path) -> Mapping[str, str]:
    """What became of every file. Raises Conflict, and writes nothing, when a manifest differs."""
    there = {path: _read(folder / path) for path in _all(made)}
    others = {**made.manifests, **made.variants}
    differing = [path for path, text in others.items() if there[path] not in (None, text)]
    if differing:
        raise Conflict(
            f"there are other files already, and nothing was written: {', '.join(differing)}",
            "look at the new ones without --output; remove the old ones, or take another folder",
        )
    for path, text in _all(made).items():
        if there[path] is None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return {path: _outcome(there[path], text) for path, text in _all(made).items()}


def _outcome(old: str | None, text: str) -> str:
    """A file that the updates write is a delivery's after the first: it is kept."""
    if old is None:
        return "written"
    return "unchanged" if old == text else "kept"


def _read(path: Path) -> str | None:
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else None
