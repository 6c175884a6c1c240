"""The release pull request: one branch with one commit of ours, made anew on the branch's head.

The commit depends on that head alone, so a repeated run makes the same one and writes nothing. A
branch that holds anything else is somebody's work, and stays as it is.
"""

from slipway.clients import semantic
from slipway.clients.git import Clone
from slipway.clients.github import Pull
from slipway.errors import Conflict
from slipway.model import NothingToRelease, ReleaseProposed
from slipway.release.bench import Bench
from slipway.release.changelog import Links, shortened
from slipway.release.history import in_source
from slipway.release.page import assets
from slipway.release.plan import Plan

_LIMIT = 60_000  # characters; GitHub takes 65,536 in a pull request's body


def release_branch(bench: Bench) -> str:
    """The branch that carries the next release of this service."""
    return f"slipway-release/{bench.service.service}/{bench.clone.branch}"


def propose(bench: Bench, plan: Plan, latest: str | None) -> ReleaseProposed | NothingToRelease:
    """Bring branch and pull request to the plan; NothingToRelease when a person closed exactly it.

    Raises Conflict when somebody else's commit is on the release branch, and when the branch would
    not show that it was merged.
    """
    clone, branch = bench.clone, release_branch(bench)
    _check_tells(bench, plan)
    date = semantic.committed(clone.repo, plan.base)
    sha = clone.commit(plan.base, plan.files, plan.message, bench.author, date)
    assets(bench, sha)  # a missing file is told while the release can still be changed
    newest = bench.forge.newest_pull(branch, clone.branch)
    if newest and not newest.open and not newest.merged and newest.head_sha == sha:
        return _closed(bench, plan, newest, latest)
    _push(bench, branch, sha)
    pull = newest if newest and newest.open else None
    return _proposed(bench, plan, _upserted(bench, plan, branch, sha, pull))


def withdraw(bench: Bench, nothing: NothingToRelease) -> NothingToRelease:
    """Close the open release pull request: there is nothing to release any more."""
    pull = bench.forge.open_pull(release_branch(bench), bench.clone.branch)
    if pull is None:
        return nothing
    bench.forge.close_pull(pull)
    return nothing.model_copy(
        update={"reason": f"{nothing.reason}; closed pull request #{pull.number}"}
    )


def _check_tells(bench: Bench, plan: Plan) -> None:
    """Raise Conflict unless merging changes what `history.unfinished` reads."""
    clone, rules = bench.clone, bench.service.release
    read = [in_source(bench.service, file) for file in (rules.stamp[0], rules.changelog) if file]
    if all(clone.read(file, plan.base) == plan.files[file] for file in read):
        raise Conflict(
            f"{clone.url}: {' and '.join(read)} hold {plan.version} already, so nothing would tell"
            " that its pull request was merged",
            f"write a lower version into {read[0]}, or tag the commit that is {plan.version}",
        )


def _push(bench: Bench, branch: str, sha: str) -> None:
    clone, ref = bench.clone, f"refs/heads/{branch}"
    tip = clone.remote(ref).get(ref, "")
    if tip == sha:
        return
    if tip and not _ours(bench, tip):
        raise Conflict(
            f"{clone.url}: {tip} on {branch} is not a commit of this release",
            f"move that work to another branch, delete {branch}, and run again",
        )
    clone.push({ref: sha}, expect={ref: tip}, rewritten=[ref])


def _ours(bench: Bench, tip: str) -> bool:
    """Whether `Clone.commit` made it on the base its message names, by whatever author was set."""
    clone = bench.clone
    clone.obtain(tip)
    commit = clone.repo.commit(tip)
    parents = [parent.hexsha for parent in commit.parents]
    return (
        f"Release-Base: {parents[0] if len(parents) == 1 else ''}"
        in str(commit.message).split("\n")
        and commit.author.email == commit.committer.email
        and commit.authored_date == commit.committed_date == _second(clone, parents[0])
    )


def _second(clone: Clone, sha: str) -> int:
    return int(semantic.committed(clone.repo, sha).timestamp())


def _upserted(bench: Bench, plan: Plan, branch: str, sha: str, pull: Pull | None) -> Pull:
    """A person's title and body stay until the content changes; the mark tells whether it did."""
    title, mark = plan.message.partition("\n")[0], _mark(sha)
    body = _body(plan, sha, Links.of(bench.service.source.repository).commits(plan.base))
    if pull is None:
        pull = bench.forge.create_pull(branch, bench.clone.branch, title, body)
        if bench.service.release.labels:
            bench.forge.label(pull, bench.service.release.labels)
    if mark in pull.body:
        return pull
    return bench.forge.change_pull(pull, title=title, body=body)


def _body(plan: Plan, sha: str, link: str) -> str:
    notes = shortened(plan.notes, link, _LIMIT)
    return (
        f"Merging this releases **{plan.version}**; any way of merging will do.\n\n---\n\n{notes}"
        "\n---\n\nKept up to date with the branch: commits on this branch by anybody else stop it."
        f"\n\n{_mark(sha)}\n"
    )


def _mark(sha: str) -> str:
    return f"<!-- slipway: {sha} -->"


def _proposed(bench: Bench, plan: Plan, pull: Pull) -> ReleaseProposed:
    return ReleaseProposed(
        service=bench.service.service,
        version=str(plan.version),
        number=pull.number,
        url=pull.html_url,
    )


def _closed(bench: Bench, plan: Plan, pull: Pull, latest: str | None) -> NothingToRelease:
    return NothingToRelease(
        service=bench.service.service,
        latest=latest,
        reason=(
            f"pull request #{pull.number} for {plan.version} was closed: {pull.html_url}."
            " It is proposed again when the branch changes; reopen it to release this state"
        ),
    )
