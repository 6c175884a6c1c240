"""Base images of the `layer` builder: read from a registry by digest, one image a platform."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.clients.oci import DOCKER_MANIFEST, INDEXES, OCI_MANIFEST, Manifest
from slipway.clients.registry import Repository, open_anonymously, open_repository
from slipway.errors import InvalidInput
from slipway.settings import Settings


@dataclass(frozen=True)
class Base:
    """What the layer goes on: nothing, or the parts of a base image."""

    media_type: str = OCI_MANIFEST
    layers: tuple[dict[str, Any], ...] = ()  # descriptors
    config: dict[str, Any] | None = None


def platform_of(text: str) -> dict[str, str]:
    """`linux/arm64/v8` as a descriptor writes it."""
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def take_base(
    reference: str | None, platform: str, repository: Repository, settings: Settings, folder: Path
) -> Base:
    """The base image for a platform, with its layers carried into `repository`.

    InvalidInput when the reference can move, is no image, or has none for the platform.
    """
    if reference is None:
        return Base()
    name, _, digest = reference.partition("@")
    name = name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]
    if not digest.startswith("sha256:") or "/" not in name:
        raise InvalidInput(
            f"image.layer.base: {reference!r} is not a reference by digest",
            "write it as host/repository@sha256:...; a tag can move, a digest cannot",
        )
    ours = name.partition("/")[0] == repository.host
    opened = open_repository if ours else open_anonymously
    with opened(name, settings) as origin:
        base = _read(origin, digest, platform)
        for descriptor in base.layers:
            if not descriptor.get("urls"):
                _carry(origin, repository, descriptor["digest"], folder)
    return base


def _read(origin: Repository, digest: str, platform: str) -> Base:
    manifest = origin.manifest(digest)
    if manifest.media_type in INDEXES:
        manifest = origin.manifest(_entry(manifest, origin.name, platform))
    if manifest.media_type not in (OCI_MANIFEST, DOCKER_MANIFEST):
        raise InvalidInput(
            f"image.layer.base: {origin.name}@{digest} is {manifest.media_type}, not an image",
            "name an OCI or Docker v2 image",
        )
    document = manifest.document
    config = origin.json_blob(document["config"]["digest"])
    if not _fits(platform, config):
        raise _unfit(f"{origin.name}@{digest}", platform)
    return Base(manifest.media_type, tuple(document["layers"]), config)


def _entry(index: Manifest, name: str, platform: str) -> str:
    for entry in index.document.get("manifests", []):
        if _fits(platform, entry.get("platform", {})):
            return str(entry["digest"])
    raise _unfit(f"{name}@{index.digest}", platform)


def _fits(platform: str, found: dict[str, Any]) -> bool:
    return platform_of(platform).items() <= found.items()


def _unfit(name: str, platform: str) -> InvalidInput:
    return InvalidInput(
        f"image.layer.base: {name} has no image for {platform}",
        "name another base, or correct image.platforms",
    )


def _carry(origin: Repository, target: Repository, digest: str, folder: Path) -> None:
    """Have a blob of the base in the target repository too, moved as little as possible."""
    if target.holds(digest):
        return
    if origin.host == target.host and target.mount(digest, origin.path):
        return
    target.upload(origin.download(digest, folder / "blob"))
