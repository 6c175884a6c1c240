"""Mode `commit`: the release commit and its tag are pushed to the branch, both or nothing.

The commit depends on the head it is made on alone, so two runners build the same one.
"""

from slipway.clients import semantic
from slipway.model import NothingToRelease, Release
from slipway.release.bench import Bench
from slipway.release.checks_wait import wait_for_checks
from slipway.release.history import Tagged
from slipway.release.page import assets, published, reported
from slipway.release.plan import Plan, planned
from slipway.release.tagging import finish_begun, made_by_this_run, push_tag


def converge(bench: Bench) -> Release | NothingToRelease:
    """Finish what was begun, then make the next release if commits ask for one."""
    standing = finish_begun(bench)
    newest, url = standing.newest, ""
    if newest:
        ours = made_by_this_run(bench, newest)
        url = published(bench, newest, standing.tagged)
        if ours:
            return reported(bench, newest, standing.tagged, url)
    plan = planned(bench.service, bench.clone, standing)
    if isinstance(plan, NothingToRelease):
        if newest and newest.version in bench.finished:
            return reported(bench, newest, standing.tagged, url)
        return plan
    made = _write(bench, plan)
    return reported(bench, made, standing.tagged, published(bench, made, standing.tagged))


def _write(bench: Bench, plan: Plan) -> Tagged:
    date = semantic.committed(bench.clone.repo, plan.base)
    sha = bench.clone.commit(plan.base, plan.files, plan.message, bench.author, date)
    assets(bench, sha)  # a missing file is told before anything is pushed
    wait_for_checks(bench.forge, plan.base, bench.service.release, bench.watch, bench.report)
    bench.built.add(sha)
    made = Tagged(plan.version, plan.tag, sha)
    push_tag(bench, made, base=plan.base)
    return made
