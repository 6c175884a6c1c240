"""The `layer` builder: the application's files as one layer on a base image, without an engine.

An assembler, not a builder: it runs nothing, so it suits interpreted applications. The same source
on the same base gives the same digest, whoever builds it and when.
"""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.builders.base import Base, platform_of, take_base
from slipway.builders.context import check_size, layer_paths, pack
from slipway.builders.interface import Target, publish, timestamp
from slipway.clients.oci import (
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Blob,
    Manifest,
    canonical,
)
from slipway.clients.registry import Repository, open_repository
from slipway.clients.scratch import scratch
from slipway.errors import InvalidInput
from slipway.service import ImageRules, LayerRules
from slipway.settings import Settings

# media types of the manifest: of its configuration, of a layer
_PARTS = {
    OCI_MANIFEST: (
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
    ),
    DOCKER_MANIFEST: (
        "application/vnd.docker.container.image.v1+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
    ),
}


@dataclass(frozen=True)
class Layer:
    """The application's files, packed."""

    blob: Blob
    diff_id: str  # digest of the uncompressed tar


class LayerBuilder:
    """Builds by the service's `image.layer` rules: an image a platform, all with the same layer."""

    name = "layer"

    def __init__(self, rules: ImageRules, settings: Settings) -> None:
        self._rules, self._settings = rules, settings

    def build(self, source: Path, target: Target) -> str:
        """See `Builder.build`. Every part is there before the tag is, and that comes last."""
        rules = self._rules
        if rules.secrets or rules.args:
            raise InvalidInput(
                "image.secrets and image.args mean nothing to the builder 'layer': it runs nothing",
                "leave them out, or use the builder 'docker' or 'buildah'",
            )
        with (
            scratch() as folder,
            open_repository(target.repository, self._settings, push=True) as repository,
        ):
            layer = self._pack(source, target, folder)
            repository.upload(layer.blob)
            images = [
                self._image(repository, layer, target, platform, folder)
                for platform in rules.platforms
            ]
            top = images[0] if len(images) == 1 else _index(repository, images, rules.platforms)
            return publish(repository, top, target)

    def _pack(self, source: Path, target: Target, folder: Path) -> Layer:
        rules = self._rules
        paths = layer_paths(source, rules.layer.include, rules.allow)
        check_size(source, paths)
        tar, packed = folder / "layer.tar", folder / "layer.tar.gz"
        with tar.open("wb") as file:
            pack(source, paths, file, target.created, rules.layer.workdir)
        raw = Blob.of(tar)
        with packed.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
            compressed.writelines(raw)
        return Layer(Blob.of(packed), raw.digest)

    def _image(
        self, repository: Repository, layer: Layer, target: Target, platform: str, folder: Path
    ) -> Manifest:
        rules = self._rules.layer
        base = take_base(rules.base, platform, repository, self._settings, folder)
        config = Blob.of(canonical(configuration(base, layer, rules, target, platform)))
        repository.upload(config)
        config_type, layer_type = _PARTS[base.media_type]
        return Manifest.of(
            {
                "schemaVersion": 2,
                "mediaType": base.media_type,
                "config": config.descriptor(config_type),
                "layers": [*base.layers, layer.blob.descriptor(layer_type)],
            }
        )


def configuration(
    base: Base, layer: Layer, rules: LayerRules, target: Target, platform: str
) -> dict[str, Any]:
    """The image's configuration: the base's, with the layer, the labels and the rules added."""
    config = dict(base.config or platform_of(platform))
    runtime = dict(config.get("config") or {})
    names = {name for name, _ in rules.env}
    kept = [item for item in runtime.get("Env") or [] if item.partition("=")[0] not in names]
    runtime["Env"] = [*kept, *(f"{name}={value}" for name, value in rules.env)]
    runtime["Labels"] = {**(runtime.get("Labels") or {}), **target.labels}
    runtime["WorkingDir"] = rules.workdir
    if rules.command:
        runtime["Cmd"] = list(rules.command)
    below = config.get("rootfs", {}).get("diff_ids", [])
    created = timestamp(target.created)
    step = {"created": created, "created_by": "slipway: files of the release commit"}
    return config | {
        "created": created,
        "config": runtime,
        "rootfs": {"type": "layers", "diff_ids": [*below, layer.diff_id]},
        "history": [*config.get("history", []), step],
    }


def _index(repository: Repository, images: list[Manifest], platforms: tuple[str, ...]) -> Manifest:
    """An index of the images, which are published by their digests."""
    entries = []
    for image, platform in zip(images, platforms, strict=True):
        repository.put(image, image.digest)
        about = {"mediaType": image.media_type, "digest": image.digest, "size": len(image.body)}
        entries.append({**about, "platform": platform_of(platform)})
    return Manifest.of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
