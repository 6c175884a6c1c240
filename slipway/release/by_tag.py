"""Mode `tag`: a tag that somebody pushed is the release; nothing is committed or tagged here.

The newest tag on the branch counts. A tag that looks like a release and is none is told: off the
branch, not a semantic version, or lower than the newest.
"""

from collections.abc import Iterator

from slipway.clients.git import Clone
from slipway.errors import Conflict
from slipway.model import NothingToRelease, Release
from slipway.release import history
from slipway.release.bench import Bench
from slipway.release.checks_wait import wait_for_checks
from slipway.release.history import Standing, Tagged
from slipway.release.page import published, reported
from slipway.release.versions import of_tag


def converge(bench: Bench) -> Release | NothingToRelease:
    """Give the newest tag its page and release it, unless it had one. Raises Conflict."""
    standing = history.look(bench.clone, bench.service)
    for reason, hint in _refused(bench, standing):
        raise Conflict(f"{bench.clone.url}: {reason}", hint)
    newest = standing.newest
    if newest is None:
        form = bench.service.release.tag_format
        return _nothing(bench, None, f"{bench.clone.branch} has no tag of the form {form}")
    page = bench.forge.release(newest.tag)
    if page and not page.draft and not (bench.mark and bench.mark in page.body):
        return _nothing(bench, newest, f"{newest.tag} is released already: {page.html_url}")
    wait_for_checks(bench.forge, newest.sha, bench.service.release, bench.watch, bench.report)
    bench.finished.add(newest.version)
    footer = f"\n<!-- {bench.mark} -->\n"  # the tag is not ours, so the run's name stands here
    url = published(bench, newest, standing.tagged, footer)
    return reported(bench, newest, standing.tagged, url)


def _nothing(bench: Bench, newest: Tagged | None, reason: str) -> NothingToRelease:
    return NothingToRelease(
        service=bench.service.service,
        latest=str(newest.version) if newest else None,
        reason=reason,
    )


def _refused(bench: Bench, standing: Standing) -> Iterator[tuple[str, str]]:
    """What is wrong with tags newer than the newest release, and what to do about each."""
    branch, newest = bench.clone.branch, standing.newest
    for version, tagged in sorted(standing.tagged.items(), reverse=True):
        if newest and version <= newest.version:
            break
        yield (
            f"tag {tagged.tag} stands on {tagged.sha}, which is not in {branch}",
            f"delete the tag, or bring its commit into {branch}",
        )
    for tag, sha in _later(bench, newest):
        named = of_tag(tag, bench.service.release.tag_format)
        if named is None:
            yield (
                f"tag {tag} on {sha} is not a semantic version",
                "delete it, and push one like "
                + bench.service.release.tag_format.format(version="1.2.3"),
            )
        elif newest and named < newest.version:
            yield (
                f"tag {tag} on {sha} is lower than {newest.tag}, which came before it",
                f"delete it, and push a version above {newest.version}",
            )


def _later(bench: Bench, newest: Tagged | None) -> Iterator[tuple[str, str]]:
    """Tags that begin like a version's and stand on the branch, after the newest release."""
    prefix = bench.service.release.tag_format.removesuffix("{version}")
    clone = bench.clone
    for tag, sha in sorted(clone.tags().items()):
        begins = tag.startswith(prefix) and tag.removeprefix(prefix)[:1].isdigit()
        if begins and clone.contains(clone.head, sha) and not _before(clone, newest, sha):
            yield tag, sha


def _before(clone: Clone, newest: Tagged | None, sha: str) -> bool:
    return newest is not None and bool(clone.contains(newest.sha, sha))
