"""The tag that makes a commit a release: pushed once, and known again by the run that pushed it."""

from slipway.clients import semantic
from slipway.release import history
from slipway.release.bench import Bench
from slipway.release.checks_wait import wait_for_checks
from slipway.release.history import Standing, Tagged


def finish_begun(bench: Bench) -> Standing:
    """Tag the release commit that has no tag, if there is one, and look again.

    Waits for the named checks on that commit first. Raises what the push and the checks raise.
    """
    standing = history.look(bench.clone, bench.service)
    begun = history.unfinished(bench.clone, bench.service, standing)
    if begun is None:
        return standing
    wait_for_checks(bench.forge, begun.sha, bench.service.release, bench.watch, bench.report)
    push_tag(bench, begun)
    return history.look(bench.clone, bench.service)


def push_tag(bench: Bench, release: Tagged, base: str | None = None) -> None:
    """Push the annotated tag and, where a base is given, the branch: both or nothing."""
    clone = bench.clone
    date = semantic.committed(clone.repo, release.sha)
    message = f"{bench.service.service} {release.version}\n\n{bench.mark}\n"
    tag = f"refs/tags/{release.tag}"
    refs = {tag: clone.tag(release.tag, release.sha, message, bench.author, date)}
    expect = {tag: ""}
    if base:
        branch = f"refs/heads/{clone.branch}"
        refs[branch], expect[branch] = release.sha, base
    clone.push(refs, expect=expect)
    bench.finished.add(release.version)


def made_by_this_run(bench: Bench, release: Tagged) -> bool:
    """A killed attempt left its run in the tag; the loser of a race has built the same commit."""
    if release.version in bench.finished:
        return False  # made just now: there is nothing to find again
    message = semantic.tag_message(bench.clone.repo, release.tag)
    if bench.mark and bench.mark in message.splitlines():
        bench.finished.add(release.version)
        return True
    return release.sha in bench.built
