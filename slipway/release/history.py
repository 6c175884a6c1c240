"""What the source repository says about its releases: read from content, never from memory.

A version is released when a tag of the configured format names it. Tags that are not reachable
from the branch do not count, and a tag on a commit that carries another version is refused. A
commit on the branch's own line that raises the version in the first stamped file, without a tag
for it, is a release that was not finished.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from slipway.clients import semantic
from slipway.clients.git import Clone
from slipway.errors import Conflict, Final
from slipway.release.changelog import has_section
from slipway.release.rule import Line, asked, check_line, is_numbered
from slipway.release.stamps import version_in
from slipway.release.versions import Version, of_tag, tag_of
from slipway.service import Service


class Tagged(NamedTuple):
    """A version and the commit its tag stands on, or shall stand on."""

    version: Version
    tag: str
    sha: str  # 40 hex


class Standing(NamedTuple):
    """The releases of a service, seen from the branch's head."""

    head: str
    newest: Tagged | None  # highest version whose tag the head contains; of the branch's line
    full: Tagged | None  # the same without pre-releases
    stamped: Version | None  # version the first stamped file carries at the head
    tagged: Mapping[Version, Tagged]  # every tag of the format, wherever it is


def in_source(service: Service, file: str) -> str:
    """Path in the repository of a file that the service file names below `source.path`."""
    return str(PurePosixPath(service.source.path, file))


def look(clone: Clone, service: Service) -> Standing:
    """The releases as they were at the last fetch.

    Raises Conflict when the newest tag's commit carries another version than the tag says.
    """
    rules, tagged = service.release, tags(clone, service)
    files = [*rules.stamp, *([rules.changelog] if rules.changelog else [])]
    clone.obtain_files(*(in_source(service, file) for file in files))
    stamped = carried(clone, service, clone.head)
    newest, full = _newest(clone, service, tagged, stamped)
    if newest:
        check_carries(clone, service, newest)
    if stamped and stamped.pre and stamped not in tagged:
        stamped = _meant(clone, service, stamped, newest)
    return Standing(clone.head, newest, full, stamped, tagged)


def tags(clone: Clone, service: Service) -> dict[Version, Tagged]:
    """Every tag of the configured format, pre-releases too; other tags are left out."""
    form = service.release.tag_format
    named = ((of_tag(tag, form), tag, sha) for tag, sha in clone.fetched_tags().items())
    return {version: Tagged(version, tag, sha) for version, tag, sha in named if version}


def newest_in(
    clone: Clone, revision: str, tagged: Mapping[Version, Tagged], below: Version | None = None
) -> Tagged | None:
    """The highest tagged version (lower than `below`) that `revision` contains.

    A full version follows full versions; pre-releases follow both.
    """
    return _highest_in(
        clone,
        revision,
        [
            release
            for version, release in tagged.items()
            if not (below and (version >= below or (version.pre and not below.pre)))
        ],
    )


def _newest(
    clone: Clone, service: Service, tagged: Mapping[Version, Tagged], stamped: Version | None
) -> tuple[Tagged | None, Tagged | None]:
    line, prerelease = Line.of(service.source.branch), service.release.prerelease
    counted = [
        release
        for version, release in tagged.items()
        if (line is None or version < line.end)
        and (not version.pre or prerelease or version == stamped)
    ]
    newest = _highest_in(clone, clone.head, counted)
    if newest is None or not newest.version.pre:
        return newest, newest
    full = [release for release in counted if not release.version.pre]
    return newest, _highest_in(clone, clone.head, full)


def _highest_in(clone: Clone, revision: str, releases: Iterable[Tagged]) -> Tagged | None:
    """The highest of these releases that `revision` contains.

    Nearly always it is the very highest, and near: to ask for that one costs little, while to ask
    which tags are contained is to walk the whole history.
    """
    ordered = sorted(releases, key=lambda release: release.version, reverse=True)
    if ordered and clone.contains(revision, ordered[0].sha):
        return ordered[0]
    within = clone.fetched_tags(revision) if ordered else {}
    return next((release for release in ordered if release.tag in within), None)


def _meant(
    clone: Clone, service: Service, stamped: Version, newest: Tagged | None
) -> Version | None:
    """A pre-release that a file carries, unless it is somebody's note such as 1.3.0-dev."""
    if is_numbered(stamped, service.release.prerelease):
        return stamped
    changes = semantic.changes(clone, service, newest and newest.sha, clone.head)
    return stamped if asked(changes) == stamped else None


def carried(clone: Clone, service: Service, revision: str) -> Version | None:
    """The version in the first stamped file at a revision; None when there is none to read."""
    if not service.release.stamp:
        return None
    file = in_source(service, service.release.stamp[0])
    source = clone.read(file, revision)
    if source is None:
        return None
    try:
        return Version.parsed(version_in(source, file))
    except Final:
        return None


def check_carries(clone: Clone, service: Service, release: Tagged) -> None:
    """Raise Conflict unless the tag's commit carries the tag's version, where we stamp it."""
    if not service.release.stamp or service.release.mode == "tag":
        return
    found = carried(clone, service, release.sha)
    if found != release.version:
        raise Conflict(
            f"tag {release.tag} of {clone.url} stands on {release.sha}, where"
            f" {in_source(service, service.release.stamp[0])} says {found or 'nothing'}",
            f"delete the tag if it is stray, or move it to the commit that made {release.version};"
            " the file that is first in release.stamp has to carry the version in released commits",
        )


def unfinished(clone: Clone, service: Service, standing: Standing) -> Tagged | None:
    """The release commit on the branch's own line whose tag is missing, if there is one."""
    version, newest = standing.stamped, standing.newest
    if version is None or version in standing.tagged or (newest and version <= newest.version):
        return None
    sha = _raised(clone, service, standing, version) or _told(clone, service, standing, version)
    if sha is None:
        return None
    check_line(service.source.branch, version)
    return Tagged(version, tag_of(version, service.release.tag_format), sha)


def _raised(clone: Clone, service: Service, standing: Standing, version: Version) -> str | None:
    """The commit that raised the first stamped file to the version it has at the head."""
    file, newest = in_source(service, service.release.stamp[0]), standing.newest
    for sha, parent in clone.own_line(newest and newest.sha, standing.head, file):
        before = carried(clone, service, parent) if parent else None
        if carried(clone, service, sha) == version != before:
            return sha if before and before < version else None  # else begun with it, or put back
    return None


def _told(clone: Clone, service: Service, standing: Standing, version: Version) -> str | None:
    """The commit that brought the version's section into a changelog that was there without it.

    The first release changes nothing else where the file began with the version, as npm's do.
    """
    if service.release.changelog is None:
        return None
    file, newest = in_source(service, service.release.changelog), standing.newest

    def told(revision: str | None) -> bool:
        return bool(revision) and has_section(clone.read(file, revision) or b"", version)

    if told(standing.head):
        for sha, parent in clone.own_line(newest and newest.sha, standing.head, file):
            if told(sha) and not told(parent):
                return sha if parent else None
    return None
