"""The release step: brings the source repository to a finished release, whatever its state.

A release is finished when its commit is on the branch, its annotated tag on that commit and its
page on the forge. Each run looks at the remote anew and does what is missing: the tag of a release
commit, the page of the newest tag, then a new release if commits ask for one. Nothing else is
remembered, so a run that was killed at any point is completed by the next one.

Commit and tag arrive in one atomic push that expects the head they were computed on. The commit
depends on that head alone, so two runners build the same one; the run's id stands in the tag.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from slipway.clients import semantic
from slipway.clients.git import Author, Clone, PushRace, cloned
from slipway.clients.github import GitHub
from slipway.errors import Conflict, NotFound, Retryable
from slipway.model import NothingToRelease, Release
from slipway.release import history
from slipway.release.changelog import Links, shortened
from slipway.release.history import Tagged
from slipway.release.plan import Plan, notes, planned
from slipway.release.versions import Version
from slipway.service import Service
from slipway.settings import Settings
from slipway.timing import Stopwatch

_TRIES = 4  # each follows a push or a tag of somebody else


def release(service: Service, settings: Settings, run: str) -> Release | NothingToRelease:
    """Finish a release that was begun, make the next one, or say why there is none.

    `run` names the caller: when it has made the newest release already, that one is returned.
    Raises Conflict, Protected, Unauthorized, NotFound, InvalidInput, and Retryable for everything
    that may pass.
    """
    with _bench(service, settings, run) as bench:
        tries = _TRIES
        while True:
            try:
                return _converge(bench)
            except (PushRace, Conflict) as problem:
                before, tries = bench.clone.head, tries - 1
                # What looks like a conflict may be a release that came after our fetch.
                moved = tries > 0 and bench.clone.refetch() != before
                if not tries or (isinstance(problem, Conflict) and not moved):
                    raise


def find(service: Service, version: str, settings: Settings) -> Release:
    """A release made before, to be delivered again; only reads.

    Raises NotFound, with the newest versions in the hint, and Conflict when the tag's commit
    carries another version.
    """
    repository = service.source.repository
    with _bench(service, settings, run="") as bench:
        tagged = history.tags(bench.clone, service)
        wanted = Version.parsed(version)
        if wanted not in tagged:
            newest = ", ".join(map(str, sorted(tagged, reverse=True)[:5])) or "none yet"
            raise NotFound(
                f"{repository} has no release {version}", f"released, newest first: {newest}"
            )
        found = tagged[wanted]
        history.check_carries(bench.clone, service, found)
        page = bench.forge.release(found.tag)
        url = page.html_url if page else Links.of(repository).release(found.tag)
        return _reported(bench, found, tagged, url)


@dataclass
class _Bench:
    """What one run works with, and what it has done so far."""

    service: Service
    run: str
    clone: Clone
    forge: GitHub
    author: Author
    watch: Stopwatch
    built: set[str] = field(default_factory=set)  # commits whose push was tried
    finished: set[Version] = field(default_factory=set)  # this run did something for them


@contextlib.contextmanager
def _bench(service: Service, settings: Settings, run: str) -> Iterator[_Bench]:
    source, token, watch = service.source, settings.secret("source_token"), Stopwatch()
    author = Author(settings.author_name, settings.author_email)
    with (
        GitHub(settings.github_api_url, source.repository, token) as forge,
        cloned(source.repository, source.branch, token, depth=None, tags=True) as clone,
    ):
        yield _Bench(service, run, clone, forge, author, watch)


def _converge(bench: _Bench) -> Release | NothingToRelease:
    service = bench.service
    standing = history.look(bench.clone, service)
    begun = history.unfinished(bench.clone, service, standing)
    if begun:
        _push(bench, begun)
        standing = history.look(bench.clone, service)
    newest = standing.newest
    if newest:
        ours = newest.version not in bench.finished and _made_by_this_run(bench, newest)
        url = _page(bench, newest, standing.tagged)
        if ours:
            return _reported(bench, newest, standing.tagged, url)
    plan = planned(service, bench.clone, standing)
    if isinstance(plan, NothingToRelease):
        if newest and newest.version in bench.finished:
            return _reported(bench, newest, standing.tagged, url)
        return plan
    made = _write(bench, plan)
    url = _page(bench, made, standing.tagged)
    return _reported(bench, made, standing.tagged, url)


def _made_by_this_run(bench: _Bench, release: Tagged) -> bool:
    """A killed attempt left its run in the tag; the loser of a race has built the same commit."""
    line = _trailer(bench)
    if line and line in semantic.tag_message(bench.clone.repo, release.tag).splitlines():
        bench.finished.add(release.version)
        return True
    return release.sha in bench.built


def _trailer(bench: _Bench) -> str:
    return f"Slipway-Run: {bench.run}" if bench.run else ""


def _write(bench: _Bench, plan: Plan) -> Tagged:
    date = semantic.committed(bench.clone.repo, plan.base)
    sha = bench.clone.commit(plan.base, plan.files, plan.message, bench.author, date)
    bench.built.add(sha)
    made = Tagged(plan.version, plan.tag, sha)
    _push(bench, made, base=plan.base)
    return made


def _push(bench: _Bench, release: Tagged, base: str | None = None) -> None:
    """Push the annotated tag and, where a base is given, the branch: both or nothing."""
    clone = bench.clone
    date = semantic.committed(clone.repo, release.sha)
    title = f"{bench.service.service} {release.version}"
    message = f"{title}\n\n{_trailer(bench)}\n"
    tag = f"refs/tags/{release.tag}"
    refs = {tag: clone.tag(release.tag, release.sha, message, bench.author, date)}
    expect = {tag: ""}
    if base:
        branch = f"refs/heads/{clone.branch}"
        refs[branch], expect[branch] = release.sha, base
    clone.push(refs, expect=expect)
    bench.finished.add(release.version)


def _page(bench: _Bench, release: Tagged, tagged: Mapping[Version, Tagged]) -> str:
    """Address of the release's page on the forge; a missing page is made, a draft published."""
    page = bench.forge.release(release.tag)
    if page is None:
        text = _notes(bench, release, _previous(bench, release, tagged))
        page = bench.forge.create(release.tag, release.sha, text)
        if page is None:
            return _page_of_somebody_else(bench, release)
        bench.finished.add(release.version)
    if page.draft:
        page = bench.forge.publish(page)
        bench.finished.add(release.version)
    return page.html_url


def _page_of_somebody_else(bench: _Bench, release: Tagged) -> str:
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
    return page.html_url


def _previous(bench: _Bench, release: Tagged, tagged: Mapping[Version, Tagged]) -> Tagged | None:
    return history.newest_in(bench.clone, release.sha, tagged, below=release.version)


def _notes(bench: _Bench, release: Tagged, previous: Tagged | None) -> str:
    links = Links.of(bench.service.source.repository)
    link = links.compare(previous.tag, release.tag) if previous else links.commits(release.tag)
    return shortened(notes(bench.service, bench.clone, release, previous), link)


def _reported(
    bench: _Bench, release: Tagged, tagged: Mapping[Version, Tagged], url: str
) -> Release:
    previous = _previous(bench, release, tagged)
    commits = bench.clone.log(previous.sha if previous else None, release.sha)
    return Release(
        service=bench.service.service,
        version=str(release.version),
        tag=release.tag,
        sha=release.sha,
        previous=str(previous.version) if previous else None,
        commits=tuple(commit for commit in commits if commit.sha != release.sha),
        notes=_notes(bench, release, previous),
        url=url,
        created=release.version in bench.finished,
        timing=bench.watch.read(),
    )
