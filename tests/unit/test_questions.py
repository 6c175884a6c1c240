"""What the question and the record of an answer say, and that nobody can write into them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from slipway.decision import Approval, Subject
from slipway.gates.authors import Authors
from slipway.gates.quorum import Rules
from slipway.ledger.entries import Decided
from slipway.model import Change, Commit, Proof
from slipway.questions import Poll, decision_record, promotion_text, question, title
from slipway.service import Gate
from tests.unit.report_values import (
    DIGEST,
    FORGE,
    GITOPS,
    HOSTILE,
    PARSER,
    QUICK,
    SHA,
    T0,
    approval,
    candidate,
    change,
    commit,
    headings,
    proof,
    release,
    targets,
    unfenced,
)

ANA, LEO, KIM = "ana@example.com", "leo@example.com", "kim@example.com"


def gate(**more: Any) -> Gate:
    return Gate.model_validate({"approvers": [ANA, LEO]} | more)


def about(**changed: Any) -> Subject:
    return approval().subject.model_copy(update=changed)


def poll(made: Gate | None = None, authors: Authors | None = None, **more: Any) -> Poll:
    rules = Rules(gate=made or gate(), authors=authors or Authors())
    return Poll(rules=rules, expires=T0 + timedelta(hours=24), **more)


def text(
    notes: str = "## Features",
    diff: str = "-  tag: 2.0.0\n+  tag: 2.1.0\n",
    subject: str = "feat: a",
    proofs: list[Proof] | None = None,
    commits: list[Commit] | None = None,
    **more: Any,
) -> str:
    """A whole question about books-api 2.1.0 for production."""
    shown = [commit(2, subject), commit(1)] if commits is None else commits
    body = promotion_text(
        candidate(release(notes)), change(diff),
        [proof()] if proofs is None else proofs, shown,
    )  # fmt: skip
    return question(about(), body, poll(**more))


def void(why: str = "no", **more: Any) -> Decided:
    return Decided(approval=approval(**more), counts=False, why_not=why)


@pytest.mark.parametrize(
    "part",
    [
        "# books-api 2.1.0 to production?",
        "`2.1.0`, after `2.0.0`",
        f"`{DIGEST[:35]}` `{DIGEST[35:]}`",
        f"`{SHA}`",
        f"{FORGE}/books-api/releases/v2.1.0",
        "**May approve** `ana@example.com`, `leo@example.com`",
        "**Identity** the name that is typed into the form; nobody checks it",
        "**Open until** 2026-01-03 10:00:00 UTC",
        f"On top of `{GITOPS}`:\n\n```diff\n-  tag: 2.0.0\n+  tag: 2.1.0\n```",
        f"healthy since 2026-01-02 10:01:00 UTC, at revision `{GITOPS}`",
        "runs exactly this digest",
        "answered well 3 times in a row, by version `2.1.0`; slowest 200 ms",
        "After `2.0.0` up to `2.1.0`: 2, from `0000000000` to `0000000000`.",
        "feat: a (Ana",
        "```text\n## Features\n```",
        "**approve** writes exactly this diff",
        "**reject** (the default)",
    ],
)
def test_A2_the_question_shows_what_is_decided(part: str) -> None:
    assert part in text()


def test_A2_the_first_environment_has_no_earlier_proof() -> None:
    shown = text(proofs=[], commits=[])
    assert "this is the first one" in shown
    assert "No commit is known" in shown


def test_A2_A11_who_has_approved_and_how_many_are_missing() -> None:
    shown = text(made=gate(quorum=2), given=(approval(),))
    assert "**Approved** by `ana@example.com` (2026-01-02 10:00:00 UTC)" in shown
    assert "**Missing** 1 of 2 approvals, each by another person" in shown
    assert "**Approved** by nobody yet" in text(made=gate(quorum=2))


def test_A2_A8_a_signature_is_asked_for_by_name() -> None:
    signed = gate(identity="signature", signers=[f"{ANA} ssh-ed25519 AAAA"])
    assert "**Identity** an SSH signature: answer with `slipway approve --key`" in text(made=signed)


def test_A10_the_question_says_who_may_not_answer_and_why() -> None:
    shown = text(authors=Authors(names=(f"Ana <{ANA}>",)))
    assert f"**May approve** `{LEO}`\n" in shown
    assert f"**May not approve** `{ANA}`: an author of what is released" in shown


def test_A10_the_question_says_when_nobody_is_left() -> None:
    shown = text(authors=Authors(names=(f"Ana <{ANA}>", f"Leo <{LEO}>")))
    assert "**May approve** **nobody**: this question cannot be approved" in shown


def test_A10_the_question_says_when_the_commits_cannot_be_told() -> None:
    told = "the version that runs there now cannot be told"
    assert told in text(authors=Authors(told=False))
    assert told not in text(authors=Authors(told=False), made=gate(self_approval="allow"))
    assert told not in text()


def test_A16_the_question_begins_with_what_has_changed() -> None:
    shown = text(changed=("values.yaml image.tag holds '2.0.1' now, and held '2.0.0'",))
    assert headings(shown)[:2] == [
        "books-api 2.1.0 to production?",
        "What has changed since the last question",
    ]
    assert "- values.yaml image.tag holds '2.0.1' now, and held '2.0.0'" in shown
    assert "has changed" not in text()


def test_A7_answers_that_did_not_count_are_shown_with_the_reason() -> None:
    shown = text(void=(void("'mallory' is not an approver here", approver="mallory"),))
    assert "`mallory`, 2026-01-02 10:00:00 UTC: approve, but 'mallory' is not an" in shown
    many = text(void=tuple(void(f"reason {n}") for n in range(13)))
    assert "- 3 earlier ones" in many
    assert "reason 2" not in many
    assert "reason 12" in many


def test_going_back_is_another_question() -> None:
    assert title(about(act="roll-back")) == "production back to books-api 2.1.0?"


def test_an_empty_change_is_said_plainly() -> None:
    nothing = Change(environment="production", edits=(), diff="", base=GITOPS)
    shown = promotion_text(candidate(), nothing, [proof()], [])
    assert "hold these values already" in shown


def test_long_notes_are_cut() -> None:
    shown = text(notes="n" * 1_000_000)
    assert "998000 more characters are not shown" in shown
    assert len(shown) < 6_000


@QUICK
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_X33_nobody_writes_into_the_question(
    notes: str, diff: str, subject: str, summary: str, name: str
) -> None:
    def asked(notes: str, diff: str, subject: str, summary: str, name: str) -> str:
        return text(
            notes, diff, subject, [proof(summary=summary)],
            made=gate(approvers=[ANA, LEO, name or "kim"], quorum=2),
            authors=Authors(names=(f"Leo <{LEO}>", name or "kim")),
            given=(approval(approver=name),),
            void=(void(name, approver=name),),
            changed=(name,),
        )  # fmt: skip

    shown, plain = asked(notes, diff, subject, summary, name), asked("a", "b", "c", "d", "kim")
    assert headings(shown) == headings(plain)
    assert targets(shown) == targets(plain)
    assert "<" not in unfenced(shown)
    assert not any(token.type == "html_block" for token in PARSER.parse(shown))


@QUICK
@given(HOSTILE, HOSTILE, HOSTILE)
def test_A32_X33_nobody_writes_into_the_decision(reason: str, approver: str, why: str) -> None:
    shown = decision_record(void(why or "no", reason=reason, approver=approver))
    assert headings(shown) == ["books-api 2.1.0: approved, does not count for production"]
    assert targets(shown) == set()
    assert "<" not in shown
    assert [token.type for token in PARSER.parse(shown)].count("list_item_open") == 11


def test_A30_the_record_names_person_change_question_and_run() -> None:
    shown = decision_record(Decided(approval=approval(), counts=True))
    for part in (
        "**approved**", "`ana@example.com`", "looks good", "2026-01-02 10:00:00 UTC", DIGEST,
        "f" * 64, "`run-1`", "`run-1-1`", "typed into the form",
    ):  # fmt: skip
        assert part in shown
    assert "Why not" not in shown


def test_A30_the_record_holds_what_was_signed() -> None:
    made: Approval = approval().model_copy(update={"statement": "{}", "signature": "-----BEGIN"})
    shown = decision_record(Decided(approval=made, counts=True))
    assert "**Identity** signed" in shown
    assert "```text\n{}\n```\n\n```text\n-----BEGIN\n```" in shown
