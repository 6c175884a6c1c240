"""The build step: one image for one release, whoever built it and however often this runs.

The registry is asked first. A version that it holds is used when it was built from the release
commit, and is never overwritten. What is handed on is the digest, read back from the registry. The
tag `latest`, where it is wanted, follows the versions and is nobody's truth.
"""

from pathlib import Path

from slipway.builders import builder_for
from slipway.builders.arguments import check_arguments
from slipway.builders.interface import Target, held
from slipway.builders.labels import labels_for
from slipway.builders.latest import move_latest
from slipway.clients.git import cloned
from slipway.clients.registry import open_repository
from slipway.clients.scratch import scratch
from slipway.errors import Conflict, NotFound, Retryable
from slipway.model import Image, Release
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch


def build(service: Service, release: Release, settings: Settings) -> Image:
    """The image of the release; built and pushed only if the registry does not hold it.

    Raises Conflict when the version was built from another commit, InvalidInput, NotFound,
    Unauthorized or another Final when a person has to change something, Retryable otherwise.
    Safe to repeat at any time.
    """
    rules, watch = service.image, Stopwatch()
    if rules.args:
        check_arguments(rules.args, settings.known_secrets())
    with scratch() as folder:  # also tidies up after a killed run
        digest, created = _made(service, release, settings, folder)
    if rules.latest:
        with open_repository(rules.repository, settings, push=True) as repository:
            move_latest(repository, release.version)
    return _image(service, release, digest, watch, created=created)


def find(service: Service, release: Release, settings: Settings) -> Image:
    """The image of a release that was built before; nothing is built.

    Raises NotFound when the registry does not hold the version, Conflict when it was built from
    another commit.
    """
    watch = Stopwatch()
    digest = _look(service, release, settings, push=False)
    if digest is None:
        raise NotFound(
            f"{service.image.repository} holds no version {release.version}",
            f"deliver {release.version} first: this step builds nothing",
        )
    return _image(service, release, digest, watch, created=False)


def _made(service: Service, release: Release, settings: Settings, folder: Path) -> tuple[str, bool]:
    """Digest of the version, and whether it was built here."""
    digest = _look(service, release, settings)
    if digest:
        return digest, False
    try:
        pushed = _build(service, release, settings, folder)
    except Conflict:  # the registry refuses to move the tag: somebody was faster
        digest = _look(service, release, settings)
        if digest is None:
            raise
        return digest, False
    _confirm(service, release, settings, pushed)
    return pushed, True


def _look(
    service: Service, release: Release, settings: Settings, *, push: bool = True
) -> str | None:
    """Digest of the version. With `push`, a repository that will only come to be is looked at."""
    with open_repository(service.image.repository, settings, push=push) as repository:
        manifest = held(repository, release.version, release.sha)
    return manifest.digest if manifest else None


def _build(service: Service, release: Release, settings: Settings, folder: Path) -> str:
    source = service.source
    with cloned(source.repository, source.branch, settings.optional("source_token")) as clone:
        clone.export(release.sha, source.path, folder)
        created = clone.repo.commit(release.sha).committed_datetime
    labels = labels_for(service, release, folder, created)
    order = Target(service.image.repository, release.version, labels, created)
    return builder_for(service.image, settings).build(folder, order)


def _confirm(service: Service, release: Release, settings: Settings, pushed: str) -> None:
    """Conflict unless the registry holds, under the version, exactly what was pushed."""
    name = f"{service.image.repository}:{release.version}"
    found = _look(service, release, settings)
    if found is None:
        raise Retryable(
            f"{name} is missing although {pushed} was pushed", "the registry lags; retry"
        )
    if found != pushed:
        raise Conflict(
            f"{name} is {found} right after {pushed} was pushed",
            "something else writes to this repository; find it before you deliver",
        )


def _image(
    service: Service, release: Release, digest: str, watch: Stopwatch, *, created: bool
) -> Image:
    return Image(
        repository=service.image.repository,
        version=release.version,
        digest=digest,
        revision=release.sha,
        builder=service.image.builder,
        created=created,
        timing=watch.read(),
    )
