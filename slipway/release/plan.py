"""The next release, computed and not yet written: its version, notes and files.

The same head gives the same plan on every host and at every time.
"""

from collections.abc import Mapping
from typing import NamedTuple

from slipway.clients import semantic
from slipway.clients.git import Clone
from slipway.errors import Conflict, InvalidInput
from slipway.manifests.editor import set_scalar
from slipway.model import NothingToRelease
from slipway.release.changelog import Links, section, with_section
from slipway.release.history import Standing, Tagged, in_source, keys_of
from slipway.release.versions import Intent, Level, Version, base_and_level, tag_of, why_nothing
from slipway.service import Service


class Plan(NamedTuple):
    """A release to be made on `base`."""

    version: Version
    tag: str
    base: str  # head of the branch it was computed on, 40 hex
    files: Mapping[str, bytes]  # content of every stamped file and of the changelog
    notes: str  # the changelog's section, Markdown
    message: str  # of the release commit


def planned(service: Service, clone: Clone, standing: Standing) -> Plan | NothingToRelease:
    """The release the commits since the newest tag ask for, or the reason why there is none.

    Raises Conflict (the version exists elsewhere, or would go backwards) and InvalidInput (a file
    to stamp is missing).
    """
    newest = standing.newest
    changes = semantic.changes(clone.repo, newest.sha if newest else None, standing.head)
    level = max((change.level for change in changes), default=Level.NONE)
    if level is Level.NONE:
        return NothingToRelease(
            service=service.service,
            latest=str(newest.version) if newest else None,
            reason=why_nothing(changes, newest.tag if newest else None),
        )
    base, level = base_and_level(newest and newest.version, standing.stamped, level)
    version = semantic.bumped(base, level)
    _check_free(service, standing, version)
    tag = tag_of(version, service.release.tag_format)
    text = _section(service, clone, version, newest, changes, standing.head)
    return Plan(
        version,
        tag,
        standing.head,
        _files(service, clone, standing, version, text),
        text,
        f"chore({clone.branch}): release {version}\n\nRelease-Base: {standing.head}\n",
    )


def notes(service: Service, clone: Clone, release: Tagged, previous: Tagged | None) -> str:
    """The notes of a release whose commit exists: what its changelog section says."""
    changes = semantic.changes(clone.repo, previous.sha if previous else None, release.sha)
    return _section(service, clone, release.version, previous, changes, release.sha)


def _check_free(service: Service, standing: Standing, version: Version) -> None:
    branch = service.source.branch
    place = service.source.repository
    highest = max(standing.tagged, default=None)
    if version in standing.tagged:
        other = standing.tagged[version]
        raise Conflict(
            f"{place}: tag {other.tag} stands on {other.sha}, which is not in {branch}",
            f"delete the tag if it is stray, or bring its commit into {branch}",
        )
    if highest and highest > version:
        other = standing.tagged[highest]
        raise Conflict(
            f"{place}: {version} would go backwards: tag {other.tag} stands on {other.sha},"
            f" which is not in {branch}",
            f"bring that commit into {branch}, or delete the tag if it is stray",
        )
    if standing.stamped and standing.stamped > version:
        raise Conflict(
            f"{place}: {version} would go backwards: "
            f"{in_source(service, service.release.stamp[0])} at"
            f" {standing.head} says {standing.stamped}",
            f"tag the commit that released {standing.stamped}, or correct the file",
        )


def _files(
    service: Service, clone: Clone, standing: Standing, version: Version, text: str
) -> dict[str, bytes]:
    rules = service.release
    stamps = (in_source(service, file) for file in rules.stamp)
    files = {file: _stamped(clone, standing.head, file, version) for file in stamps}
    if rules.changelog:
        changelog = in_source(service, rules.changelog)
        files[changelog] = with_section(clone.read(changelog, standing.head), version, text)
    return files


def _stamped(clone: Clone, head: str, file: str, version: Version) -> bytes:
    keys = keys_of(file)
    source = clone.read(file, head)
    if source is None:
        raise InvalidInput(
            f"release.stamp: {file} ({keys[0]}) is not in {clone.url} at {head}",
            "correct the path in the service file, or add the file",
        )
    for key in keys:
        source = set_scalar(source, key, str(version), file=file).text
    return source


def _section(
    service: Service,
    clone: Clone,
    version: Version,
    previous: Tagged | None,
    changes: list[Intent],
    dated: str,
) -> str:
    tags = (previous.tag if previous else None, tag_of(version, service.release.tag_format))
    date = semantic.committed(clone.repo, dated)
    return section(version, tags, changes, date, Links.of(service.source.repository))
