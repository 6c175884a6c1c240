"""Mode `tag`: a tag that somebody pushed is the release; nothing is committed or tagged here.

The newest tag on the branch counts. A tag that looks like a release and is none is told: off the
branch, not a semantic version, or lower than the newest.
"""

from collections.abc import Iterator

from slipway.errors import Conflict
from slipway.model import NothingToRelease, Release
from slipway.release import history
from slipway.release.bench import Bench
from slipway.release.checks_wait import wait_for_checks
from slipway.release.history import Standing, Tagged
from slipway.release.page import published, reported
from slipway.release.rule import Line
from slipway.release.versions import Version, of_tag
from slipway.service import ReleaseRules


def converge(bench: Bench) -> Release | NothingToRelease:
    """Give the newest tag its page and release it, unless it had one. Raises Conflict."""
    standing = history.look(bench.clone, bench.service)
    newest = pending(bench, standing)
    if isinstance(newest, NothingToRelease):
        return newest
    wait_for_checks(bench.forge, newest.sha, bench.service.release, bench.watch, bench.report)
    bench.finished.add(newest.version)
    footer = f"\n<!-- {bench.mark} -->\n"  # the tag is not ours, so the run's name stands here
    url = published(bench, newest, standing.tagged, footer)
    return reported(bench, newest, standing.tagged, url)


def pending(bench: Bench, standing: Standing) -> Tagged | NothingToRelease:
    """The newest tag, if it is still to be released or this run has begun to; only reads.

    Raises Conflict for a tag that cannot be a release.
    """
    for reason, hint in _refused(bench, standing):
        raise Conflict(f"{bench.clone.url}: {reason}", hint)
    newest = standing.newest
    if newest is None:
        form = bench.service.release.tag_format
        return _nothing(bench, None, f"{bench.clone.branch} has no tag of the form {form}")
    page = bench.forge.release(newest.tag)
    if page and not page.draft and not (bench.mark and bench.mark in page.body):
        return _nothing(bench, newest, f"{newest.tag} is released already: {page.html_url}")
    return newest


def _nothing(bench: Bench, newest: Tagged | None, reason: str) -> NothingToRelease:
    return NothingToRelease(
        service=bench.service.service,
        latest=str(newest.version) if newest else None,
        reason=reason,
    )


def _refused(bench: Bench, standing: Standing) -> Iterator[tuple[str, str]]:
    """What is wrong with tags that came after the newest release, and what to do about each."""
    rules, clone, newest = bench.service.release, bench.clone, standing.newest
    here = clone.fetched_tags(clone.head)
    before = clone.fetched_tags(newest.sha) if newest else {}
    for tag, sha in sorted(clone.fetched_tags().items()):
        version = of_tag(tag, rules.tag_format)
        if _begins_like_one(tag, rules) and tag in here and version is None and tag not in before:
            example = rules.tag_format.format(version="1.2.3")
            yield (
                f"tag {tag} on {sha} is not a semantic version",
                f"delete it, and push one like {example}",
            )
        if version is None or (version.pre and not rules.prerelease):
            continue
        if tag not in here and _comes_next(version, newest, clone.branch):
            yield (
                f"tag {tag} stands on {sha}, which is not in {clone.branch}",
                f"delete the tag, or bring its commit into {clone.branch}",
            )
        if newest and tag in here and tag not in before and version < newest.version:
            yield (
                f"tag {tag} on {sha} is lower than {newest.tag}, which came before it",
                f"delete it, and push a version above {newest.version}",
            )


def _begins_like_one(tag: str, rules: ReleaseRules) -> bool:
    prefix = rules.tag_format.removesuffix("{version}")
    return tag.startswith(prefix) and tag.removeprefix(prefix)[:1].isdigit()


def _comes_next(version: Version, newest: Tagged | None, branch: str) -> bool:
    """Whether the branch would release the version next, if its tag were on it."""
    line = Line.of(branch)
    return (line is None or line.holds(version)) and (newest is None or version > newest.version)
