"""What an image says about itself: the OCI labels that its source can vouch for.

The names are those of docker/metadata-action. Description and licence stand in the application's
own package.json or pyproject.toml; what cannot be known is left out.
"""

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway.builders.interface import timestamp
from slipway.model import Release
from slipway.service import Service
from slipway.text import printable

_PREFIX = "org.opencontainers.image"
_LICENCE = re.compile(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*")  # SPDX


def labels_for(
    service: Service, release: Release, source: Path, created: datetime
) -> dict[str, str]:
    """The labels of the release's image, built from the folder `source`."""
    package = described(source)
    about = {
        "created": timestamp(created),
        "description": package.get("description", ""),
        "licenses": package.get("license", ""),
        "revision": release.sha,
        "source": service.source.repository,
        "title": service.service,
        "url": service.source.repository,
        "version": release.version,
    }
    return {f"{_PREFIX}.{name}": value for name, value in about.items() if value}


def described(source: Path) -> dict[str, str]:
    """Description and licence of the application, where its package says them; untrusted text."""
    package = _package(source)
    found = {"description": package.get("description"), "license": package.get("license")}
    texts = {name: printable(text) for name, text in found.items() if isinstance(text, str)}
    if not _LICENCE.fullmatch(texts.get("license", "")):
        texts.pop("license", None)
    return texts


def _package(source: Path) -> dict[str, Any]:
    for name, read, key in (
        ("package.json", json.loads, None),
        ("pyproject.toml", tomllib.loads, "project"),
    ):
        file = source / name
        if file.is_file() and not file.is_symlink():
            try:
                document = read(file.read_text(encoding="utf-8"))
            except ValueError:  # not our business here
                continue
            found = document.get(key) if key and isinstance(document, dict) else document
            if isinstance(found, dict):
                return found
    return {}
