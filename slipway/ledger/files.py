"""The ledger as files: where each entry lies, what it looks like, and which are too old. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from slipway.errors import Final
from slipway.ledger.entries import Decided, Entry, Failed, Hold, Ledger, Proven, RolledBack

_KEPT = 200  # the newest, of each folder
_KINDS: dict[str, type[Entry]] = {
    "holds": Hold, "proven": Proven, "failures": Failed, "decisions": Decided,
    "rollbacks": RolledBack,
}  # fmt: skip
_ALL = "_"  # no environment and no version is called so
E_ = TypeVar("E_", bound=Entry)


def place(entry: Entry) -> str:
    """The path of an entry's file. Entries that mean the same thing have the same path."""
    match entry:
        case Hold():
            return hold_place(entry.service, entry.environment, entry.version)
        case Proven():
            return _path(entry.service, "proven", entry.environment, entry.run)
        case Failed():
            name = f"{entry.at:%Y%m%dT%H%M%S}-{entry.run}"  # a run may fail more than once
            return _path(entry.service, "failures", entry.environment, name)
        case RolledBack():
            return _path(entry.service, "rollbacks", entry.environment, entry.run)
        case Decided(approval=approval):
            about = approval.subject
            return _path(about.service, "decisions", about.environment, approval.question)


def hold_place(service: str, environment: str | None, version: str | None) -> str:
    """The path of the hold of one environment (None: all) and version (None: any)."""
    return _path(service, "holds", environment or _ALL, version or _ALL)


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="+") for part in parts) + ".json"


def content(entry: Entry) -> bytes:
    """The file of an entry: JSON that people can read, the same for the same entry."""
    text = json.dumps(entry.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def ledger(service: str, files: Mapping[str, bytes]) -> Ledger:
    """The ledger of one service. Raises Final naming a file that is not an entry."""
    found: dict[str, list[Entry]] = defaultdict(list)
    for path, text in files.items():
        kind = path.split("/")[1]
        found[kind].append(_entry(kind, path, text))
    return Ledger(
        service=service,
        holds=_newest(Hold, found["holds"]),
        proven=_newest(Proven, found["proven"]),
        failures=_newest(Failed, found["failures"]),
        decisions=_newest(Decided, found["decisions"]),
        rollbacks=_newest(RolledBack, found["rollbacks"]),
    )


def _entry(kind: str, path: str, text: bytes) -> Entry:
    try:
        return _KINDS[kind].model_validate_json(text)
    except (KeyError, ValidationError):
        raise Final(
            f"the ledger's file {path} is not an entry of it",
            "somebody has changed refs/slipway/ledger by hand: correct the file or remove it there",
        ) from None


def _newest(kind: type[E_], entries: Iterable[Entry]) -> tuple[E_, ...]:
    own = [entry for entry in entries if isinstance(entry, kind)]
    return tuple(sorted(own, key=_age, reverse=True))


def _age(entry: Entry) -> tuple[datetime, str]:
    path = place(entry)
    return (entry.approval.at if isinstance(entry, Decided) else entry.at), path


def outdated(whole: Ledger) -> tuple[str, ...]:
    """The paths of entries that are dropped, for newer ones of their kind and environment.

    Holds stay until they are released.
    """
    places: dict[str, list[str]] = defaultdict(list)
    entries: tuple[Entry, ...] = (
        *whole.proven, *whole.failures, *whole.decisions, *whole.rollbacks,
    )  # fmt: skip
    for entry in entries:  # of each kind, newest first
        path = place(entry)
        places[path.rpartition("/")[0]].append(path)
    return tuple(path for paths in places.values() for path in paths[_KEPT:])


def reaches_back_to(whole: Ledger, environment: str, moment: datetime) -> bool:
    """Whether nothing that happened in the environment since then can have been dropped."""
    for kind in (whole.proven, whole.failures, whole.rollbacks):
        here = [entry.at for entry in kind if entry.environment == environment]
        if len(here) >= _KEPT and min(here) > moment:
            return False
    return True
