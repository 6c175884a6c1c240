"""The bill of materials: a generator's CycloneDX document, made one about the image. Pure."""

import json
import re
from typing import Any
from urllib.parse import quote

from slipway.model import Image
from slipway.text import without_user

PREDICATE = "https://cyclonedx.org/bom"
_ORIGIN = "slipway:origin"
_COMMENT = re.compile(r"(^|\s)#.*")
_HASH = re.compile(r"--hash=\w")
_INDEX = re.compile(r"(-i|--index-url|--extra-index-url)(=.*)?$")


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


def plain_requirements(content: bytes) -> bytes | None:
    """A requirements file as bare lines of names, versions and hashes; None when it holds more.

    pip's format can name other files of this machine, in many spellings; so only what is known to
    be harmless is passed on: no comments (they can declare an encoding), no options but hashes.
    Lines that name an index are left out: the list does not need them.
    """
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\\\n", " ")
    kept: list[str] = []
    for line in text.splitlines():
        words = _COMMENT.sub("", line).split()
        options = [word for word in words if word.startswith("-") and not _HASH.match(word)]
        if options[:1] == words[:1] and len(options) == 1 and _INDEX.match(options[0]):
            continue
        if options or not all(word.isascii() for word in words):
            return None
        kept.append(" ".join(words))
    return "\n".join(kept).encode()


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
