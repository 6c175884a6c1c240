"""The `layer` builder: the application's files as one layer on a base image, without an engine.

An assembler, not a builder: it runs nothing, so it suits interpreted applications. The same source
on the same base gives the same digest, whoever builds it and when.
"""

import gzip
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.builders.context import check_size, layer_paths, pack
from slipway.builders.interface import Target, held, timestamp
from slipway.clients.oci import (
    DOCKER_MANIFEST,
    INDEXES,
    OCI_MANIFEST,
    Blob,
    Manifest,
    canonical,
)
from slipway.clients.registry import Repository, open_anonymously, open_repository
from slipway.errors import InvalidInput
from slipway.service import LayerRules
from slipway.settings import Settings

_PLATFORM = {"architecture": "amd64", "os": "linux"}
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
class Base:
    """What the layer goes on: nothing, or the parts of a base image."""

    media_type: str = OCI_MANIFEST
    layers: tuple[dict[str, Any], ...] = ()  # descriptors
    config: dict[str, Any] | None = None


@dataclass(frozen=True)
class Layer:
    """The application's files, packed."""

    blob: Blob
    diff_id: str  # digest of the uncompressed tar


class LayerBuilder:
    """Builds by the service's `image.layer` rules."""

    name = "layer"

    def __init__(self, rules: LayerRules, settings: Settings) -> None:
        self._rules, self._settings = rules, settings

    def build(self, source: Path, target: Target) -> str:
        """See `Builder.build`. Every blob is there before the manifest is, and that comes last."""
        with (
            tempfile.TemporaryDirectory() as folder,
            open_repository(target.repository, self._settings, push=True) as repository,
        ):
            layer = self._pack(source, target, Path(folder))
            base = self._take_base(repository, Path(folder))
            config = Blob.of(canonical(configuration(base, layer, self._rules, target)))
            for blob in (layer.blob, config):
                repository.upload(blob)
            there = held(repository, target.version, target.revision)
            manifest = there or _manifest(base, layer, config)
            if there is None:
                repository.put(manifest, target.version)
            return manifest.digest

    def _pack(self, source: Path, target: Target, folder: Path) -> Layer:
        paths = layer_paths(source, self._rules.include)
        check_size(source, paths)
        tar, packed = folder / "layer.tar", folder / "layer.tar.gz"
        with tar.open("wb") as file:
            pack(source, paths, file, target.created, self._rules.workdir)
        raw = Blob.of(tar)
        with packed.open("wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as compressed:
            compressed.writelines(raw)
        return Layer(Blob.of(packed), raw.digest)

    def _take_base(self, repository: Repository, folder: Path) -> Base:
        if self._rules.base is None:
            return Base()
        name, _, digest = self._rules.base.partition("@")
        name = name if ":" not in name.rpartition("/")[2] else name.rpartition(":")[0]
        if not digest.startswith("sha256:") or "/" not in name:
            raise InvalidInput(
                f"image.layer.base: {self._rules.base!r} is not a reference by digest",
                "write it as host/repository@sha256:...; a tag can move, a digest cannot",
            )
        ours = name.partition("/")[0] == repository.host
        opened = open_repository if ours else open_anonymously
        with opened(name, self._settings) as origin:
            base = _read_base(origin, digest)
            for descriptor in base.layers:
                if not descriptor.get("urls"):
                    _carry(origin, repository, descriptor["digest"], folder)
        return base


def configuration(base: Base, layer: Layer, rules: LayerRules, target: Target) -> dict[str, Any]:
    """The image's configuration: the base's, with the layer, the labels and the rules added."""
    config = dict(base.config or _PLATFORM)
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


def _manifest(base: Base, layer: Layer, config: Blob) -> Manifest:
    config_type, layer_type = _PARTS[base.media_type]
    document = {
        "schemaVersion": 2,
        "mediaType": base.media_type,
        "config": config.descriptor(config_type),
        "layers": [*base.layers, layer.blob.descriptor(layer_type)],
    }
    return Manifest.of(document)


def _read_base(origin: Repository, digest: str) -> Base:
    manifest = origin.manifest(digest)
    if manifest.media_type in INDEXES:
        manifest = origin.manifest(_for_platform(manifest, origin.name))
    if manifest.media_type not in _PARTS:
        raise InvalidInput(
            f"image.layer.base: {origin.name}@{digest} is {manifest.media_type}, not an image",
            "name an OCI or Docker v2 image",
        )
    document = manifest.document
    config = origin.json_blob(document["config"]["digest"])
    return Base(manifest.media_type, tuple(document["layers"]), config)


def _for_platform(index: Manifest, name: str) -> str:
    for entry in index.document.get("manifests", []):
        if _PLATFORM.items() <= entry.get("platform", {}).items():
            return str(entry["digest"])
    raise InvalidInput(
        f"image.layer.base: {name}@{index.digest} has no image for linux/amd64",
        "name another base",
    )


def _carry(origin: Repository, target: Repository, digest: str, folder: Path) -> None:
    """Have a blob of the base in the target repository too, moved as little as possible."""
    if target.holds(digest):
        return
    if origin.host == target.host and target.mount(digest, origin.path):
        return
    target.upload(origin.download(digest, folder / "blob"))
