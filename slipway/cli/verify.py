"""`slipway verify`: whether an image is what its signed provenance says."""

import json
from pathlib import Path

from slipway.config import read_service
from slipway.errors import SlipwayError
from slipway.evidence.provenance import Wanted
from slipway.evidence.verify import verify_by_name
from slipway.model import Verification
from slipway.settings import load


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
        "run": f"{found.run}{', which had not built it' if found.found else ''}",
    }
    lines = [f"  {name:<8} {value}" for name, value in rows.items()]
    return "\n".join([f"{found.reference}: signed provenance, verified", *lines])
