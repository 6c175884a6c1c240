"""`slipway plan`: what the next release would be."""

import json

from slipway.config import read_service
from slipway.errors import SlipwayError
from slipway.model import NothingToRelease, PlannedRelease
from slipway.release.preview import preview
from slipway.settings import load
from slipway.text import printable


def plan(name: str, *, as_json: bool) -> int:
    """Print the next release of a service, or why there is none; nothing is written anywhere."""
    try:
        settings = load()
        planned = preview(read_service(settings.services, name), settings)
    except SlipwayError as error:
        told = {"error": error.message, "hint": error.hint}
        print(json.dumps(told) if as_json else f"{name}: {error}")
        return 1
    print(json.dumps(planned.model_dump(mode="json")) if as_json else _told(planned))
    return 0


def _told(planned: PlannedRelease | NothingToRelease) -> str:
    if isinstance(planned, NothingToRelease):
        return f"{planned.service}: {planned.summary}"
    commits = [
        f"  {each.level:<5}  {each.sha[:10]}  {each.kind}: {printable(each.summary)}"
        for each in planned.commits
    ]
    lines = [
        f"{planned.service} {planned.version}, tag {planned.tag}, after {planned.previous or '-'}",
        f"on {planned.base}: the next run {planned.how}",
        "",
        *commits,
        "",
        *planned.notes.splitlines(),
        *planned.diff.splitlines(),
    ]
    return "\n".join("".join(c for c in line if c.isprintable()) for line in lines)
