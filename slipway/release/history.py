"""What the source repository says about its releases: read from content, never from memory.

A version is released when a tag of the configured format names it. Tags that are not reachable
from the branch do not count, and a tag on a commit that carries another version is refused. A
commit on the branch's own line that raises the version in the first stamped file, without a tag
for it, is a release that was not finished.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from slipway.clients import semantic
from slipway.clients.git import Clone
from slipway.errors import Conflict, InvalidInput
from slipway.manifests.editor import NotEditable, get_scalar
from slipway.release.versions import Version, of_tag, tag_of
from slipway.service import Service

# The keys that hold the version in a file of that name; the first one is read, all are written.
STAMPED_KEYS = {"package.json": ("version",), "Chart.yaml": ("version", "appVersion")}


class Tagged(NamedTuple):
    """A version and the commit its tag stands on, or shall stand on."""

    version: Version
    tag: str
    sha: str  # 40 hex


class Standing(NamedTuple):
    """The releases of a repository, seen from the branch's head."""

    head: str
    newest: Tagged | None  # highest version whose tag the head contains
    stamped: Version | None  # version the first stamped file carries at the head
    tagged: Mapping[Version, Tagged]  # every tag of the format, wherever it is


def in_source(service: Service, file: str) -> str:
    """Path in the repository of a file that the service file names below `source.path`."""
    return str(PurePosixPath(service.source.path, file))


def look(clone: Clone, service: Service) -> Standing:
    """The releases as the remote shows them now.

    Raises Conflict when the newest tag's commit carries another version than the tag says.
    """
    tagged = tags(clone, service)
    newest = newest_in(clone, clone.head, tagged)
    if newest:
        check_carries(clone, service, newest)
    return Standing(clone.head, newest, carried(clone, service, clone.head), tagged)


def tags(clone: Clone, service: Service) -> dict[Version, Tagged]:
    """Every tag of the configured format; pre-releases and other tags are left out."""
    form = service.release.tag_format
    named = ((of_tag(tag, form), tag, sha) for tag, sha in clone.tags().items())
    return {version: Tagged(version, tag, sha) for version, tag, sha in named if version}


def newest_in(
    clone: Clone, revision: str, tagged: Mapping[Version, Tagged], below: Version | None = None
) -> Tagged | None:
    """The highest tagged version (lower than `below`) that `revision` contains."""
    for version in sorted(tagged, reverse=True):
        if below and version >= below:
            continue
        if clone.contains(revision, tagged[version].sha):
            return tagged[version]
    return None


def carried(clone: Clone, service: Service, revision: str) -> Version | None:
    """The version in the first stamped file at a revision; None when there is none to read."""
    if not service.release.stamp:
        return None
    file = in_source(service, service.release.stamp[0])
    source = clone.read(file, revision)
    if source is None:
        return None
    try:
        return Version.parsed(get_scalar(source, keys_of(file)[0], file=file))
    except NotEditable:
        return None


def keys_of(file: str) -> tuple[str, ...]:
    """The keys to stamp in a file; InvalidInput for a file of unknown shape."""
    keys = STAMPED_KEYS.get(PurePosixPath(file).name)
    if keys is None:
        known = ", ".join(STAMPED_KEYS)
        raise InvalidInput(
            f"release.stamp: it is not known where {file} holds its version",
            f"stamp one of {known}, or remove {file} from release.stamp",
        )
    return keys


def check_carries(clone: Clone, service: Service, release: Tagged) -> None:
    """Raise Conflict unless the tag's commit carries the tag's version, where we stamp it."""
    if not service.release.stamp or service.release.mode == "tag":
        return
    found = carried(clone, service, release.sha)
    if found != release.version:
        raise Conflict(
            f"tag {release.tag} of {clone.url} stands on {release.sha}, where"
            f" {in_source(service, service.release.stamp[0])} says {found or 'nothing'}",
            f"delete the tag if it is stray, or move it to the commit that made {release.version}",
        )


def unfinished(clone: Clone, service: Service, standing: Standing) -> Tagged | None:
    """The release commit on the branch's own line whose tag is missing, if there is one."""
    version, newest = standing.stamped, standing.newest
    if version is None or version in standing.tagged or (newest and version <= newest.version):
        return None
    since = newest.sha if newest else None
    file = in_source(service, service.release.stamp[0])
    line = semantic.first_parents(clone.repo, since, standing.head, file)
    for sha, parent in line:
        before = carried(clone, service, parent) if parent else None
        if carried(clone, service, sha) == version != before:
            raised = before is not None and before < version  # not: begun with it, or put back
            return (
                Tagged(version, tag_of(version, service.release.tag_format), sha)
                if raised
                else None
            )
    return None
