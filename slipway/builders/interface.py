"""What every builder does, and the rule all share: a version in a registry never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from slipway.clients.oci import INDEXES, Manifest
from slipway.clients.registry import Repository
from slipway.errors import Conflict

REVISION = "org.opencontainers.image.revision"
VERSION = "org.opencontainers.image.version"


@dataclass(frozen=True)
class Target:
    """The image to be made: where it goes and what it says about itself."""

    repository: str  # host[:port]/path
    version: str  # the tag
    labels: Mapping[str, str]  # REVISION among them
    created: datetime  # date of the release commit, so that the same source gives the same bytes

    @property
    def revision(self) -> str:
        """The source commit, 40 hex."""
        return self.labels[REVISION]

    @property
    def name(self) -> str:
        """`repository:version`, for people."""
        return f"{self.repository}:{self.version}"


def timestamp(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Builder(Protocol):
    """One way to turn a source folder into an image in a registry."""

    @property
    def name(self) -> str:
        """The builder's name in the service file."""

    def build(self, source: Path, target: Target) -> str:
        """Build the folder, push it under the target's tag and return the digest.

        Uses an image of the same revision that holds the tag already; Conflict for another one.
        """


def held(repository: Repository, version: str, revision: str) -> Manifest | None:
    """The manifest that holds `version`, if it was built from `revision`; None when none does.

    Raises Conflict when the version was built from another commit, or does not say from which.
    """
    manifest = repository.find(version)
    if manifest is None:
        return None
    known = _revisions(repository, manifest)
    if known == {revision}:
        return manifest
    said = ", ".join(sorted(filter(None, known))) or "it does not say which commit"
    raise Conflict(
        f"{repository.name}:{version} exists and was built from another commit than"
        f" {revision}: {said}",
        "release a new version; a version in a registry is never overwritten",
    )


def publish(repository: Repository, manifest: Manifest, target: Target) -> str:
    """Put a manifest whose parts are all there under the target's tag; the digest that holds it.

    Somebody else's, when they were faster with the same revision. Conflict as in `held`.
    """
    there = held(repository, target.version, target.revision)
    if there:
        return there.digest
    repository.put(manifest, target.version)
    return manifest.digest


def version_of(repository: Repository, manifest: Manifest) -> str:
    """What the image, or the first platform of an index, says its version is; empty: nothing."""
    images = _images(repository, manifest)
    return str(_labels(repository, images[0]).get(VERSION, "")) if images else ""


def _revisions(repository: Repository, manifest: Manifest) -> set[str]:
    """The revision label of the image, or of every platform of an index."""
    images = _images(repository, manifest)
    return {_labels(repository, image).get(REVISION, "") for image in images}


def _images(repository: Repository, manifest: Manifest) -> list[Manifest]:
    if manifest.media_type not in INDEXES:
        return [manifest]
    return [
        repository.manifest(entry["digest"])
        for entry in manifest.document.get("manifests", [])
        if entry.get("platform", {}).get("os") != "unknown"  # attestations stored beside images
    ]


def _labels(repository: Repository, manifest: Manifest) -> dict[str, Any]:
    description = manifest.document.get("config", {}).get("digest")
    if not description:
        return {}
    config = repository.json_blob(description).get("config") or {}
    return config.get("Labels") or {}
