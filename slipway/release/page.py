"""The release's page on the forge, and the release as a value.

The page comes last: its draft gets the assets, then it is published. So a page that can be seen is
complete, and a draft is one that was begun.
"""

import mimetypes
from collections.abc import Mapping
from pathlib import PurePosixPath

from slipway.clients.github import Page
from slipway.errors import Conflict, InvalidInput, Retryable
from slipway.model import Release
from slipway.release import history
from slipway.release.bench import Bench
from slipway.release.changelog import LIMIT, Links, shortened
from slipway.release.history import Tagged, in_source
from slipway.release.plan import notes
from slipway.release.versions import Version


def published(
    bench: Bench, release: Tagged, tagged: Mapping[Version, Tagged], footer: str = ""
) -> str:
    """Address of the release's page; a missing page is made, a draft completed and published.

    `footer` stands below the notes of a page that this run makes or completes.
    """
    page = bench.forge.release(release.tag)
    if page is None:
        page = _created(bench, release, tagged, footer)
    if page.draft:
        if footer.strip() not in page.body:
            page = bench.forge.rewrite(page, page.body + footer)
        for name, content in assets(bench, release.sha).items():
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            bench.forge.attach(page, name, content, kind)
        page = bench.forge.publish(page)
        bench.finished.add(release.version)
    return page.html_url


def assets(bench: Bench, revision: str) -> dict[str, bytes]:
    """Content of the files to attach, by name; InvalidInput when one is not in the commit."""
    found = {}
    for path in bench.service.release.assets:
        content = bench.clone.read(in_source(bench.service, path), revision)
        if content is None:
            raise InvalidInput(
                f"release.assets: {path} is not in {bench.clone.url} at {revision}",
                "correct the path in the service file (below source.path), or add the file",
            )
        found[PurePosixPath(path).name] = content
    return found


def reported(bench: Bench, release: Tagged, tagged: Mapping[Version, Tagged], url: str) -> Release:
    """The release as the steps that follow need it."""
    previous = _previous(bench, release, tagged)
    since, path = previous.sha if previous else None, bench.service.source.path
    commits = bench.clone.log(since, release.sha, path)
    return Release(
        service=bench.service.service,
        version=str(release.version),
        tag=release.tag,
        sha=release.sha,
        previous=str(previous.version) if previous else None,
        commits=tuple(commit for commit in commits if commit.sha != release.sha),  # it is no news
        notes=_notes(bench, release, previous),
        url=url,
        created=release.version in bench.finished,
        warnings=tuple(bench.warnings),
        timing=bench.watch.read(),
    )


def _created(bench: Bench, release: Tagged, tagged: Mapping[Version, Tagged], footer: str) -> Page:
    text = _notes(bench, release, _previous(bench, release, tagged), footer)
    page = bench.forge.create(
        release.tag,
        release.sha,
        text,
        draft=bool(bench.service.release.assets),
        prerelease=bool(release.version.pre),
    )
    if page is None:
        return _of_somebody_else(bench, release)
    bench.finished.add(release.version)
    return page


def _of_somebody_else(bench: Bench, release: Tagged) -> Page:
    sha = bench.clone.tags().get(release.tag)
    if sha != release.sha:
        raise Conflict(
            f"{release.tag} has a release on the forge, but its tag stands on {sha or 'nothing'}"
            f" instead of {release.sha}",
            "find out who moved the tag, and put it back or delete that release",
        )
    page = bench.forge.release(release.tag)
    if page is None:
        raise Retryable(
            f"the forge says that a release of {release.tag} exists, and shows none",
            "it may be visible a moment later",
        )
    return page


def _previous(bench: Bench, release: Tagged, tagged: Mapping[Version, Tagged]) -> Tagged | None:
    return history.newest_in(bench.clone, release.sha, tagged, below=release.version)


def _notes(bench: Bench, release: Tagged, previous: Tagged | None, footer: str = "") -> str:
    links = Links.of(bench.service.source.repository)
    link = links.compare(previous.tag, release.tag) if previous else links.commits(release.tag)
    text = notes(bench.service, bench.clone, release, previous)
    return shortened(text, link, LIMIT - len(footer)) + footer
