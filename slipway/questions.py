"""What people read when they are asked, and what is kept of their answer. Pure.

Texts from commits, release notes, servers and approvers are untrusted and never become mark-up.
"""

from collections.abc import Sequence
from datetime import datetime

from slipway.decision import Approval, Subject
from slipway.gates.quorum import Rules, electorate
from slipway.ledger.entries import Decided
from slipway.markdown import code, escape, fence, link, moment
from slipway.model import Candidate, Change, Commit, Proof
from slipway.report import (
    commit_list,
    diff_on_base,
    in_two,
    known,
    listed,
    previous_version,
    proven_so_far,
)
from slipway.value import Value

_NOTES = 2_000  # characters of the release notes
_UNTOLD = (
    "the version that runs there now cannot be told, so everybody who ever made a commit of this"
    " service counts as one"
)
_PEOPLE = 10  # answers, and people who may not answer, that are shown; the rest is counted


class Poll(Value):
    """How far the answers have come when a question is asked."""

    rules: Rules
    expires: datetime
    given: tuple[Approval, ...] = ()  # approvals that count
    void: tuple[Decided, ...] = ()  # other answers about the same, oldest first
    changed: tuple[str, ...] = ()  # since the question before


def promotion_text(
    candidate: Candidate,
    change: Change,
    proofs: Sequence[Proof],
    commits: Sequence[Commit],
) -> str:
    """What a promotion would do, for whoever decides about it; goes into `question`.

    `commits` are those since the version that runs there now, newest first.
    """
    release, image = candidate.release, candidate.image
    before = previous_version(change, release.version)
    now = f"{code(release.version)}, after {code(before)}" if before else code(release.version)
    rows = [
        ("Version", now),
        ("Image", code(image.repository)),
        ("Digest", in_two(image.digest)),
        ("Source", f"{code(release.sha)} · {link(f'release {release.tag}', release.url)}"),
    ]
    return "\n\n".join(
        [
            listed(rows),
            f"## What changes in Git\n\n{diff_on_base(change)}",
            f"## Proven so far\n\n{proven_so_far(proofs, image)}",
            f"## What is known about the image\n\n{known(candidate.evidence)}",
            f"## Commits\n\n{_range(before, release.version, commits)}{commit_list(commits)}",
            f"## Release notes\n\n{_notes(release.notes)}",
        ]
    )


def _range(before: str | None, version: str, commits: Sequence[Commit]) -> str:
    """From where to where they go."""
    if not commits:
        return ""
    since = f"After {code(before)} up to" if before else "Up to"
    oldest, newest = code(commits[-1].sha[:10]), code(commits[0].sha[:10])
    return f"{since} {code(version)}: {len(commits)}, from {oldest} to {newest}.\n\n"


def _notes(notes: str) -> str:
    return fence(notes, "text", _NOTES) if notes.strip() else "None."


def question(about: Subject, text: str, poll: Poll) -> str:
    """The whole question: what has changed, who decides, what it is about, how to answer.

    `text` is Markdown, by whoever asks.
    """
    changed = "\n".join(f"- {escape(clause, 300)}" for clause in poll.changed)
    since = (
        f"## What has changed since the last question\n\n{changed}\n\nAnswers to it do not count."
    )
    return "\n\n".join(
        [
            f"# {title(about)}",
            *([since] if changed else []),
            _people(poll),
            text,
            *_before(poll.void),
            f"## Your answer\n\n{_answers(about)}",
        ]
    )


def title(about: Subject) -> str:
    """The question in one line."""
    version = f"{escape(about.service)} {escape(about.version)}"
    if about.act == "roll-back":
        return f"{escape(about.environment)} back to {version}?"
    return f"{version} to {escape(about.environment)}?"


def _people(poll: Poll) -> str:
    gate = poll.rules.gate
    may, may_not = electorate(poll.rules)
    missing = max(0, gate.quorum - len(poll.given))
    given = ", ".join(f"{code(each.approver)} ({moment(each.at)})" for each in poll.given)
    names = ", ".join(code(name) for name in may)
    rows = [("May approve", names or "**nobody**: this question cannot be approved")]
    for name, why in may_not[:_PEOPLE]:
        rows.append(("May not approve", f"{code(name)}: {escape(why, 200)}"))
    if gate.self_approval == "refuse" and not poll.rules.authors.told:
        rows.append(("Authors", _UNTOLD))
    if gate.quorum > 1 or given:
        rows.append(("Approved", f"by {given}" if given else "by nobody yet"))
        rows.append(("Missing", f"{missing} of {gate.quorum} approvals, each by another person"))
    if gate.identity == "signature":
        rows.append(("Identity", "an SSH signature: answer with `slipway approve --key`"))
    else:
        rows.append(("Identity", "the name that is typed into the form; nobody checks it"))
    rows.append(("Open until", moment(poll.expires)))
    return listed(rows)


def _before(void: Sequence[Decided]) -> list[str]:
    if not void:
        return []
    lines = [
        f"- {code(each.approval.approver)}, {moment(each.approval.at)}:"
        f" {each.approval.decision}, but {escape(each.why_not, 300)}"
        for each in void[-_PEOPLE:]
    ]
    more = len(void) - _PEOPLE
    first = [f"- {more} earlier ones"] if more > 0 else []
    return ["## Answers that did not count\n\n" + "\n".join([*first, *lines])]


def _answers(about: Subject) -> str:
    place = escape(about.environment)
    return (
        f"- **approve** writes exactly this diff and carries this digest into {place}."
        " If either changes before that, the approval no longer counts.\n"
        f"- **reject** (the default) ends the run; {place} stays as it is."
    )


def decision_record(answer: Decided) -> str:
    """Who decided what, when, about which exact change, and whether it counts."""
    approval, about = answer.approval, answer.approval.subject
    done = "approved" if approval.decision == "approve" else "rejected"
    word = done if answer.counts else f"{done}, does not count"
    rows = [
        ("Decision", f"**{word}**"),
        *([("Why not", escape(answer.why_not))] if answer.why_not else []),
        ("By", code(approval.approver)),
        ("Reason", escape(approval.reason)),
        ("At", moment(approval.at)),
        ("Version", code(about.version)),
        ("Digest", code(about.digest)),
        ("Change", code(about.fingerprint)),
        ("Question", code(approval.question)),
        ("Run", code(approval.run)),
        ("Identity", "signed" if approval.signature else "typed into the form"),
    ]
    act = "for" if about.act == "promote" else "for going back in"
    head = f"# {escape(about.service)} {escape(about.version)}: {word} {act}"
    signed = "".join(
        f"\n\n{fence(text, 'text')}" for text in (approval.statement, approval.signature) if text
    )
    return f"{head} {escape(about.environment)}\n\n{listed(rows)}{signed}"
