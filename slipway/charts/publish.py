"""The chart step: one chart for one release, packed from its commit and pushed once.

The chart is an OCI artifact as `helm push` makes it. Like an image, a version in a registry is
never overwritten; what is there from the same commit, or with the same content, is used.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway.builders.interface import REVISION, timestamp
from slipway.charts.metadata import annotations
from slipway.charts.package import Package, package
from slipway.clients.git import cloned
from slipway.clients.oci import OCI_MANIFEST, Blob, Manifest, canonical
from slipway.clients.registry import Repository, open_anonymously, open_repository
from slipway.errors import Conflict, InvalidInput, Retryable, Unauthorized
from slipway.key_files import is_secret
from slipway.model import Chart, Release
from slipway.service import ChartRules, Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

CONFIG = "application/vnd.cncf.helm.config.v1+json"
CONTENT = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


def publish(service: Service, rules: ChartRules, release: Release, settings: Settings) -> Chart:
    """The service's chart of the release, pushed only if the registry does not hold it.

    Raises Conflict when the version was packed from another commit, InvalidInput for a chart that
    Helm would not load, Unauthorized or another Final when a person has to change something,
    Retryable otherwise. Safe to repeat at any time.
    """
    watch = Stopwatch()
    packed, date = _package(service, rules, release, settings)
    config = Blob.of(canonical(packed.metadata.document))
    content = Blob.of(packed.archive)
    manifest = _manifest(packed, config, content, release, date)
    name = f"{rules.repository.removeprefix('oci://')}/{packed.metadata.name}"
    with _opened(name, service.image.repository, settings) as repository:
        there = _held(repository, manifest, release)
        digest = there.digest if there else _push(repository, manifest, [config, content], release)
    return Chart(
        name=packed.metadata.name,
        repository=name,
        version=release.version,
        digest=digest,
        created=there is None and digest == manifest.digest,
        timing=watch.read(),
    )


def _package(
    service: Service, rules: ChartRules, release: Release, settings: Settings
) -> tuple[Package, datetime]:
    """The chart at the release commit, and the commit's date."""
    source, folder = service.source, str(Path(service.source.path) / rules.path)
    with (
        tempfile.TemporaryDirectory() as target,
        cloned(source.repository, source.branch, settings.optional("source_token")) as clone,
    ):
        clone.export(release.sha, folder, Path(target))
        date = clone.repo.commit(release.sha).committed_datetime
        paths = (path for path in Path(target).rglob("*") if path.is_file())
        files = {path.relative_to(target).as_posix(): path.read_bytes() for path in paths}
    packed = package(files, release.version, date, folder)
    secrets = [name for name in packed.files if is_secret(name)]
    if secrets:
        raise InvalidInput(
            f"{folder} holds what looks like a secret: {', '.join(secrets)}",
            f"remove it from the repository, or name it in {folder}/.helmignore",
        )
    return packed, date


def _manifest(
    packed: Package, config: Blob, content: Blob, release: Release, date: datetime
) -> Manifest:
    return Manifest.of(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(CONFIG),
            "layers": [content.descriptor(CONTENT)],
            "annotations": annotations(packed.metadata, timestamp(date), release.sha),
        }
    )


@contextlib.contextmanager
def _opened(name: str, images: str, settings: Settings) -> Iterator[Repository]:
    """Our credential is for the registry of the images, and goes to no other."""
    host, ours = name.partition("/")[0], images.partition("/")[0]
    opened = open_repository if host == ours else open_anonymously
    with opened(name, settings, push=True) as repository:
        try:
            yield repository
        except Unauthorized as error:
            if host == ours:
                raise
            hint = f"put charts into {ours}, the registry of the images: {host} gets no credential"
            raise Unauthorized(error.message, hint) from None


def _held(repository: Repository, wanted: Manifest, release: Release) -> Manifest | None:
    """The chart that has the version, if it is of the same commit or content; None without one."""
    found = repository.find(release.version)
    if found is None:
        return None
    said = _noted(found)
    if said == release.sha or found.document.get("layers") == wanted.document["layers"]:
        return found
    raise Conflict(
        f"{repository.name}:{release.version} exists and was packed from another commit than"
        f" {release.sha}: {said or 'it does not say which commit'}",
        "release a new version; a version in a registry is never overwritten",
    )


def _noted(found: Manifest) -> str:
    """The source commit that a chart says it is from."""
    notes: Any = found.document.get("annotations")
    return str(notes.get(REVISION, "")) if isinstance(notes, dict) else ""


def _push(repository: Repository, manifest: Manifest, blobs: list[Blob], release: Release) -> str:
    """The digest under the version, read back; blobs come first, so no chart is ever incomplete."""
    for blob in blobs:
        repository.upload(blob)
    try:
        repository.put(manifest, release.version)
    except Conflict:  # the registry refuses to move the tag: somebody was faster
        if _held(repository, manifest, release) is None:
            raise
    found = _held(repository, manifest, release)
    if found is None:
        raise Retryable(
            f"{repository.name}:{release.version} is missing although it was pushed",
            "the registry lags; retry",
        )
    return found.digest
