"""What people read in a pull request. Pure; nothing is read from it but our own marks.

Texts of commits, servers and approvers are untrusted and never become mark-up.
"""

from collections.abc import Sequence

from slipway.decision import Approval
from slipway.markdown import code, escape, moment
from slipway.model import Change, Commit, Image, Proof
from slipway.report import commit_list, diff_on_base, listed, previous_version, proven_so_far
from slipway.text import printable

LIMIT = 60_000  # characters; GitHub takes 65,536 in a pull request's body
WITHDRAWN = "<!-- slipway: withdrawn -->"  # the step closed it itself
_TITLE = 200  # characters; GitHub takes 256


def title(message: str) -> str:
    """The commit's subject."""
    return printable(message.partition("\n")[0], _TITLE)


def mark(sha: str) -> str:
    """By which the step knows that the text is about this commit."""
    return f"<!-- slipway: {sha} -->"


def body(
    service: str,
    change: Change,
    image: Image,
    run: str,
    approvals: Sequence[Approval],
    earlier: Sequence[Proof],
    commits: Sequence[Commit],
    sha: str,
    undone: str = "",
) -> str:
    """Everything that a person needs to decide; `commits` since what runs there now.

    `undone` says what a rollback takes back, and why.
    """
    place = escape(change.environment)
    back = f"**This is a rollback** of {escape(undone, 500)}\n\n" if undone else ""
    start = (
        f"{back}Carries **{escape(service)} {escape(image.version)}** into **{place}**: once this"
        " is merged, it goes live.\n\n" + _facts(change, image, run, approvals)
    )
    end = (
        "Kept up to date with its base: a commit by anybody else on this branch stops it."
        f" Closing it rejects this version for {place}.\n\n{mark(sha)}\n"
    )
    proven, listed_commits = proven_so_far(earlier, image), commit_list(commits)
    rest = f"## Proven so far\n\n{proven}\n\n## Commits\n\n{listed_commits}\n\n---\n\n{end}"
    room = LIMIT - len(start) - len(rest)
    # Escapes make a diff longer than its characters.
    diffs = (diff_on_base(change, limit) for limit in (20_000, 5_000, 500))
    diff = next((text for text in diffs if len(text) < room), "It is too long to be shown here.")
    return f"{start}\n\n## What changes\n\n{diff}\n\n{rest}"


def _facts(change: Change, image: Image, run: str, approvals: Sequence[Approval]) -> str:
    before = previous_version(change, image.version)
    rows = [
        ("Version", code(image.version) + (f", after {code(before)}" if before else "")),
        ("Image", code(image.repository)),
        ("Digest", code(image.digest)),
        ("Source", code(image.revision)),
        ("Run", code(run)),
    ]
    for approval in approvals:
        said = f"{code(approval.approver)}, {moment(approval.at)}: {escape(approval.reason)}"
        rows.append(("Approved by", said))
    return listed(rows)


def withdrawn(text: str, why: str) -> str:
    """The text of a pull request that the step closes itself, with the reason below it."""
    return f"{text[: LIMIT - 1000]}\n\n**Closed: {escape(why)}**\n\n{WITHDRAWN}\n"
