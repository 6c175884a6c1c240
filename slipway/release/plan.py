"""The next release, computed and not yet written: its version, notes and files.

The same head gives the same plan on every host and at every time.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from slipway.clients import semantic
from slipway.clients.git import Clone
from slipway.errors import Conflict, InvalidInput
from slipway.model import NothingToRelease
from slipway.release.changelog import Links, section, with_section
from slipway.release.history import Standing, Tagged, in_source
from slipway.release.rule import Line, asked, base_and_level, check_line, numbered
from slipway.release.stamps import stamped
from slipway.release.versions import Intent, Level, Version, tag_of, why_nothing
from slipway.service import Service


class Plan(NamedTuple):
    """A release to be made on `base`."""

    version: Version
    tag: str
    base: str  # head of the branch it was computed on, 40 hex
    files: Mapping[str, bytes]  # content of every stamped file and of the changelog
    changes: tuple[Intent, ...]  # what the commits ask for, newest first
    notes: str  # the changelog's section, Markdown
    message: str  # of the release commit


def planned(service: Service, clone: Clone, standing: Standing) -> Plan | NothingToRelease:
    """The release the commits since the newest tag ask for, or the reason why there is none.

    Raises Conflict (the version exists, would go backwards or is not the branch's to release) and
    InvalidInput (a file to stamp is missing, or does not hold a version).
    """
    newest, full = standing.newest, standing.full
    recent = _changes(service, clone, newest, standing)
    counted = recent if newest == full else _changes(service, clone, full, standing)
    wanted, asking = asked(recent), recent if service.release.prerelease else counted
    if not wanted and _level(asking) is Level.NONE:
        since = newest if service.release.prerelease else full
        return NothingToRelease(
            service=service.service,
            latest=str(newest.version) if newest else None,
            reason=why_nothing(asking, since and since.tag),
        )
    version = wanted or _raised(service, standing, _level(counted))
    _check_free(service, standing, version)
    previous, told = (newest, recent) if version.pre else (full, counted)
    text = _section(service, clone, version, previous, told, standing.head)
    return Plan(
        version,
        tag_of(version, service.release.tag_format),
        standing.head,
        _files(service, clone, standing.head, version, text),
        tuple(told),
        text,
        _message(service, version, standing.head),
    )


def notes(service: Service, clone: Clone, release: Tagged, previous: Tagged | None) -> str:
    """The notes of a release whose commit exists: what its changelog section says."""
    changes = semantic.changes(clone, service, previous and previous.sha, release.sha)
    return _section(service, clone, release.version, previous, changes, release.sha)


def _changes(
    service: Service, clone: Clone, since: Tagged | None, standing: Standing
) -> list[Intent]:
    return semantic.changes(clone, service, since and since.sha, standing.head)


def _level(changes: Sequence[Intent]) -> Level:
    return max((change.level for change in changes), default=Level.NONE)


def _raised(service: Service, standing: Standing, level: Level) -> Version:
    """The version that these commits ask for; never behind what a pre-release led to already."""
    full, newest = standing.full, standing.newest
    core = semantic.bumped(*base_and_level(full and full.version, standing.stamped, level))
    if newest:
        core = max(core, newest.version.core)
    identifier = service.release.prerelease
    return numbered(core, identifier, standing.tagged) if identifier else core


def _check_free(service: Service, standing: Standing, version: Version) -> None:
    branch, place, newest = service.source.branch, service.source.repository, standing.newest
    check_line(branch, version)
    if version.pre and not (service.release.prerelease or service.release.stamp):
        raise Conflict(
            f"{place}: {version} is a pre-release, and nothing would tell that it was made",
            "set release.prerelease, or name a file that carries the version in release.stamp",
        )
    if newest and version <= newest.version:
        raise Conflict(
            f"{place}: {version} would go backwards: {newest.tag} is released from {branch}",
            "ask for a higher one: the newest commit with a footer Release-As counts, and a"
            " release.prerelease that comes later in the alphabet is higher",
        )
    if version in standing.tagged:
        other = standing.tagged[version]
        raise Conflict(
            f"{place}: tag {other.tag} stands on {other.sha}, which is not in {branch}",
            f"delete the tag if it is stray, or bring its commit into {branch}",
        )
    highest = max(_rivals(service, standing), default=None)
    if highest and highest > version:
        other = standing.tagged[highest]
        raise Conflict(
            f"{place}: {version} would go backwards: tag {other.tag} stands on {other.sha},"
            f" which is not in {branch}",
            f"bring that commit into {branch}, or delete the tag if it is stray",
        )
    if standing.stamped and standing.stamped > version:
        file = in_source(service, service.release.stamp[0])
        raise Conflict(
            f"{place}: {version} would go backwards: {file} at {standing.head} says"
            f" {standing.stamped}",
            f"tag the commit that released {standing.stamped}, or correct the file",
        )


def _rivals(service: Service, standing: Standing) -> list[Version]:
    """Versions that a new one has to follow, whichever branch they are of."""
    line = Line.of(service.source.branch)
    return [
        version
        for version in standing.tagged
        if (line is None or version < line.end) and (not version.pre or service.release.prerelease)
    ]


def _files(
    service: Service, clone: Clone, head: str, version: Version, text: str
) -> dict[str, bytes]:
    rules, files = service.release, {}
    for file in (in_source(service, stamp) for stamp in rules.stamp):
        source = clone.read(file, head)
        if source is None:
            raise InvalidInput(
                f"release.stamp: {file} is not in {clone.url} at {head}",
                "correct the path in the service file (below source.path), or add the file",
            )
        files[file] = stamped(source, file, version)
    if rules.changelog:
        changelog = in_source(service, rules.changelog)
        files[changelog] = with_section(clone.read(changelog, head), version, text)
    return files


def _message(service: Service, version: Version, base: str) -> str:
    name = "" if service.source.path == "." else f"{service.service} "
    return f"{release_subject(service)}{name}{version}\n\nRelease-Base: {base}\n"


def release_subject(service: Service) -> str:
    """How the subject of every release commit begins."""
    return f"chore({service.source.branch}): release "


def _section(
    service: Service,
    clone: Clone,
    version: Version,
    previous: Tagged | None,
    changes: list[Intent],
    dated: str,
) -> str:
    rules = service.release
    return section(
        version,
        (previous.tag if previous else None, tag_of(version, rules.tag_format)),
        changes,
        semantic.committed(clone.repo, dated),
        Links.of(service.source.repository),
        rules.sections,
    )
