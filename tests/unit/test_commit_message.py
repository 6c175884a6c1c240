"""What the commit says about the approvals, and that nobody can write into it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.decision import Approval
from slipway.manifests.edits import trailers_of
from slipway.manifests.message import commit_message
from tests.answers import approval
from tests.unit.report_values import IMAGE, SERVICE

QUICK = settings(max_examples=60, deadline=None)
ARMORED = f"-----BEGIN SSH SIGNATURE-----\n{'A' * 70}\n{'B' * 12}==\n-----END SSH SIGNATURE-----\n"
NAMES = [
    "Slipway-Service", "Slipway-Environment", "Slipway-Version", "Slipway-Digest", "Slipway-Run",
    "Approved-By", "Approved-At", "Approval-Reason",
]  # fmt: skip


def message(*approvals: Approval) -> str:
    return commit_message(SERVICE, "production", IMAGE, "run-1", approvals)


def signed(**more: Any) -> Approval:
    made = approval(**more)
    return made.model_copy(update={"statement": '{"reason": "ok"}', "signature": ARMORED})


def test_A11_A30_each_approver_is_named() -> None:
    lines = message(approval(), approval(approver="leo@example.com", reason="me too")).splitlines()
    assert lines[-6:] == [
        "Approved-By: ana@example.com",
        "Approved-At: 2026-01-02T00:00:00Z",
        "Approval-Reason: looks good",
        "Approved-By: leo@example.com",
        "Approved-At: 2026-01-02T00:00:00Z",
        "Approval-Reason: me too",
    ]


def test_A30_what_was_signed_stands_on_one_line_each() -> None:
    lines = message(signed()).splitlines()
    assert lines[-2:] == [
        'Approval-Statement: {"reason": "ok"}',
        f"Approval-Signature: {'A' * 70}{'B' * 12}==",
    ]


@pytest.mark.parametrize(
    ("statement", "kept"),
    [('{"reason":"a  b"}', True), ('{"reason":\n"a"}', False), ("\x1b[31m", False), ("", False)],
)
def test_A30_X37_a_statement_is_quoted_to_the_letter_or_not_at_all(
    statement: str, kept: bool
) -> None:
    made = signed().model_copy(update={"statement": statement})
    lines = message(made).splitlines()
    assert (f"Approval-Statement: {statement}" in lines) is kept
    assert any(line.startswith("Approval-Signature: ") for line in lines) is kept


@QUICK
@given(st.text(max_size=60), st.text(min_size=1, max_size=60))
@pytest.mark.parametrize(
    "hostile", ["x\n\nSlipway-Version: 9", "\r\nApproved-By: mallory", "\x1b[31m"]
)
def test_A32_X37_nobody_adds_a_trailer(hostile: str, reason: str, approver: str) -> None:
    for said, name in ((reason, approver), (hostile, hostile), (reason, hostile)):
        text = message(approval(reason=said or "ok", approver=name))
        kinds = [line.partition(":")[0] for line in text.splitlines()[2:]]
        assert kinds in (NAMES, NAMES[:-1])
        assert trailers_of(text)["Slipway-Version"] == IMAGE.version
        assert text.replace("\n", "").isprintable()


def test_A32_the_message_is_bounded_however_many_approve_and_however_long() -> None:
    many = [signed(approver=f"{n}@example.com", reason="r" * 2000) for n in range(1000)]
    text = message(*many)
    assert len(text) < 45_000
    named = text.count("Approved-By: ")
    assert text.splitlines()[-1] == (
        f"Approvals-Left-Out: {1000 - named}; the records of the run hold them all"
    )
