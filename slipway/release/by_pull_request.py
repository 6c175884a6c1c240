"""Mode `pull-request`: the next release waits in a pull request, and merging it releases.

State is read from content alone: the version in the first stamped file on the branch without a
tag is a merged release; the release branch holds one commit of ours, or it is not touched. Title,
body and labels of the pull request are for people, and nothing is read from them.
"""

from slipway.errors import Final
from slipway.model import NothingToRelease, Release, ReleaseProposed
from slipway.release.bench import Bench
from slipway.release.history import Standing
from slipway.release.page import published, reported
from slipway.release.plan import planned
from slipway.release.proposal import propose, withdraw
from slipway.release.tagging import finish_begun, made_by_this_run


def converge(bench: Bench) -> Release | ReleaseProposed | NothingToRelease:
    """Release what was merged, and keep the pull request of the next release up to date."""
    standing = finish_begun(bench)
    merged = _merged(bench, standing)
    if merged is None:
        return _next(bench, standing)
    try:
        _next(bench, standing)
    except Final as problem:  # must not hold up the release that was merged; the next run raises it
        bench.warnings.append(f"the next release could not be proposed: {problem.message}")
    return merged.model_copy(update={"warnings": tuple(bench.warnings)})


def _merged(bench: Bench, standing: Standing) -> Release | None:
    """The newest release, if this run has finished it."""
    newest = standing.newest
    if newest is None:
        return None
    ours = made_by_this_run(bench, newest)
    url = published(bench, newest, standing.tagged)
    if ours or newest.version in bench.finished:
        return reported(bench, newest, standing.tagged, url)
    return None


def _next(bench: Bench, standing: Standing) -> ReleaseProposed | NothingToRelease:
    plan = planned(bench.service, bench.clone, standing)
    if isinstance(plan, NothingToRelease):
        return withdraw(bench, plan)
    newest = standing.newest
    return propose(bench, plan, str(newest.version) if newest else None)
