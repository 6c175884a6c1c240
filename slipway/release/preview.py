"""What the next run of the release step would do, told and not done: nothing is written."""

from collections.abc import Sequence

from slipway.clients import semantic
from slipway.manifests.diff import unified
from slipway.model import NothingToRelease, PlannedCommit, PlannedRelease
from slipway.release import history
from slipway.release.bench import Bench, opened
from slipway.release.by_tag import pending
from slipway.release.history import Standing, Tagged
from slipway.release.plan import Plan, notes, planned
from slipway.release.versions import Intent
from slipway.service import Service
from slipway.settings import Settings

_HOW = {
    "commit": "pushes the release commit and its tag to the branch",
    "pull-request": "opens or updates the release pull request",
    "tag": "makes the page of the tag that was pushed, and delivers it",
}


def preview(service: Service, settings: Settings) -> PlannedRelease | NothingToRelease:
    """The next release, or why there is none; only reads.

    Raises what the release step raises before it writes.
    """
    with opened(service, settings, "", lambda _: None) as bench:
        standing = history.look(bench.clone, service)
        how = _HOW[service.release.mode]
        if service.release.mode == "tag":
            tag = pending(bench, standing)
            return tag if isinstance(tag, NothingToRelease) else _tagged(bench, standing, tag, how)
        begun = history.unfinished(bench.clone, service, standing)
        if begun:
            return _tagged(bench, standing, begun, "tags this commit, and delivers it")
        plan = planned(service, bench.clone, standing)
        return plan if isinstance(plan, NothingToRelease) else _made(bench, standing, plan, how)


def _tagged(bench: Bench, standing: Standing, release: Tagged, how: str) -> PlannedRelease:
    """A release whose commit exists."""
    clone, service = bench.clone, bench.service
    before = history.newest_in(clone, release.sha, standing.tagged, below=release.version)
    changes = semantic.changes(clone, service, before and before.sha, release.sha)
    return PlannedRelease(
        service=service.service,
        version=str(release.version),
        tag=release.tag,
        base=release.sha,
        previous=str(before.version) if before else None,
        how=how,
        commits=_commits(changes),
        diff="",
        notes=notes(service, clone, release, before),
    )


def _made(bench: Bench, standing: Standing, plan: Plan, how: str) -> PlannedRelease:
    previous = standing.newest if plan.version.pre else standing.full
    old = {path: bench.clone.read(path, plan.base) or b"" for path in plan.files}
    return PlannedRelease(
        service=bench.service.service,
        version=str(plan.version),
        tag=plan.tag,
        base=plan.base,
        previous=str(previous.version) if previous else None,
        how=how,
        commits=_commits(plan.changes),
        diff="".join(unified(path, old[path], new) for path, new in plan.files.items()),
        notes=plan.notes,
    )


def _commits(changes: Sequence[Intent]) -> tuple[PlannedCommit, ...]:
    return tuple(
        PlannedCommit(
            sha=change.sha,
            kind=change.kind,
            summary=change.summary,
            level=change.level.name.lower(),
        )
        for change in changes
    )
