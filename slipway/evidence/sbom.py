"""The bill of materials: a generator's CycloneDX document, made one about the image. Pure."""

import json
from typing import Any
from urllib.parse import quote

from slipway.model import Image
from slipway.text import without_user

PREDICATE = "https://cyclonedx.org/bom"
_ORIGIN = "slipway:origin"


def parsed(output: bytes) -> dict[str, Any] | None:
    """The CycloneDX document that a generator printed; None when it is something else."""
    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        return None
    good = isinstance(document, dict) and document.get("bomFormat") == "CycloneDX"
    return document if good else None


def about(document: dict[str, Any], image: Image, origin: str) -> dict[str, Any]:
    """The document with the image, by digest, as what it describes; no address carries a user.

    `origin` tells people where the list comes from: "npm, from package-lock.json".
    """
    clean = _without_users(document)
    metadata = dict(clean.get("metadata") or {})
    root = metadata.get("component") or {}
    url = package_url(image)
    component = {
        "bom-ref": root.get("bom-ref", url),  # what the dependencies call it
        "type": "container",
        "name": image.repository,
        "version": image.digest,
        "purl": url,
        "properties": [{"name": _ORIGIN, "value": origin}],
    }
    return {**clean, "metadata": {**metadata, "component": component}}


def package_url(image: Image) -> str:
    """The image as a package URL."""
    name = image.repository.rpartition("/")[2]
    repository = quote(image.repository, safe="/")
    return (
        f"pkg:oci/{name}@{quote(image.digest, safe='')}"
        f"?repository_url={repository}&tag={quote(image.version, safe='')}"
    )


def summary(document: dict[str, Any]) -> str:
    """What is attached, in one sentence."""
    components = document.get("components")
    number = len(components) if isinstance(components, list) else 0
    root = (document.get("metadata") or {}).get("component") or {}
    said = [p.get("value") for p in root.get("properties") or [] if p.get("name") == _ORIGIN]
    listed = f"attached: {number} component{'' if number == 1 else 's'}"
    return f"{listed} ({said[0]})" if said else listed


def _without_users(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_users(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_users(item) for item in value]
    return without_user(value) if isinstance(value, str) else value
