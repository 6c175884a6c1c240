"""Moves refs of the remote, all or none, and tells how that ended.

A push that fails is judged by what the remote holds afterwards: an answer can be lost after the
work was done.
"""

from collections.abc import Collection, Mapping

from slipway.clients import git_history as history
from slipway.clients.git_command import GitCommand
from slipway.clients.git_failures import push_failure
from slipway.errors import Final, SlipwayError


def listed(git: GitCommand, url: str, refs: Collection[str]) -> dict[str, str]:
    """Object ids of these refs at the remote, now; all refs for none."""
    printed = git.run("ls-remote", "origin", *refs, what=f"list refs of {url}")
    pairs = (line.split("\t", 1) for line in printed.text.splitlines())
    return {ref: oid for oid, ref in pairs if not refs or ref in refs}


def push(
    git: GitCommand,
    url: str,
    refs: Mapping[str, str],
    expect: Mapping[str, str],
    rewritten: Collection[str],
) -> None:
    """Point remote refs at local objects. See Clone.push."""
    _check_forward(git, url, {ref: refs[ref] for ref in refs if ref not in rewritten}, expect)
    output = git.attempt(
        "push", "--porcelain", "--no-verify", *(["--atomic"] if len(refs) > 1 else []),
        *(f"--force-with-lease={ref}:{old}" for ref, old in expect.items()),
        "origin", *(f"{oid}:{ref}" for ref, oid in refs.items()),
    )  # fmt: skip
    if output.status and not _arrived(git, url, refs):
        raise push_failure(f"push to {url}", output.all, output.retry_after)
    for ref, oid in refs.items():
        git.run("update-ref", ref, oid, what=f"note {ref}")


def _arrived(git: GitCommand, url: str, refs: Mapping[str, str]) -> bool:
    try:
        return listed(git, url, refs.keys()) == dict(refs)
    except SlipwayError:
        return False  # the push's own failure says more than this one


def _check_forward(
    git: GitCommand, url: str, refs: Mapping[str, str], leases: Mapping[str, str]
) -> None:
    for ref, old in leases.items():
        forward = not old or ref not in refs or history.is_ancestor(git, old, refs[ref])
        if ref.startswith("refs/heads/") and not forward:
            raise Final(
                f"{refs[ref]} does not follow {old}: {ref} of {url} was not moved",
                "compute the commit again on the branch's head",
            )
