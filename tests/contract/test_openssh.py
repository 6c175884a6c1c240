"""Signatures of approvals, made and checked by plain OpenSSH."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from slipway.clients.openssh import verify
from slipway.decision import Subject
from slipway.gates.statement import statement
from slipway.gitops.signers import signers_of
from tests.answers import approval
from tests.contract.gitops_place import a_desk
from tests.ssh_keys import Keys

ANA, LEO = "ana@example.com", "leo@example.com"
NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
ABOUT = approval().subject


def said(
    question: str = "q-1", about: Subject = ABOUT, decision: str = "approve", run: str = "run-1"
) -> str:
    return statement(question, about, decision, ANA, "looks\n good \xe9", NOW, run)  # type: ignore[arg-type]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def fault(
    keys: Keys,
    signature: str,
    text: str | None = None,
    signers: Sequence[str] | None = None,
    revoked: Sequence[str] = (),
    who: str = ANA,
) -> str | None:
    known = [f"{ANA} {keys.public('ana')}"] if signers is None else signers
    return verify(said() if text is None else text, signature, who, known, revoked, NOW)


def test_A8_the_approvers_own_signature_counts(keys: Keys) -> None:
    assert fault(keys, keys.sign("ana", said())) is None


def test_A8_a_signature_by_another_key_does_not(keys: Keys) -> None:
    assert "does not verify" in (fault(keys, keys.sign("leo", said())) or "")


def test_A8_a_signer_does_not_sign_for_others(keys: Keys) -> None:
    both = [f"{ANA} {keys.public('ana')}", f"{LEO} {keys.public('leo')}"]
    assert fault(keys, keys.sign("leo", said()), signers=both) is not None
    assert fault(keys, keys.sign("leo", said()), signers=both, who=LEO) is None


@pytest.mark.parametrize(
    "other",
    [
        said(question="q-2"),
        said(run="run-2"),
        said(decision="reject"),
        said(about=ABOUT.model_copy(update={"digest": f"sha256:{'d' * 64}"})),
        said(about=ABOUT.model_copy(update={"fingerprint": "0" * 64})),
        said(about=ABOUT.model_copy(update={"act": "roll-back"})),
        said(about=ABOUT.model_copy(update={"environment": "staging"})),
        said() + "\n",
        "",
    ],
)
def test_A14_A15_a_signature_of_something_else_does_not_count(keys: Keys, other: str) -> None:
    assert other != said()
    assert fault(keys, keys.sign("ana", other)) is not None


def test_A8_a_signature_for_another_purpose_does_not_count(keys: Keys) -> None:
    assert fault(keys, keys.sign("ana", said(), namespace="git")) is not None


def test_X66_a_revoked_key_does_not_count(keys: Keys) -> None:
    assert fault(keys, keys.sign("ana", said()), revoked=[keys.public("ana")]) is not None
    assert fault(keys, keys.sign("ana", said()), revoked=[keys.public("leo")]) is None


@pytest.mark.parametrize(("hours", "counts"), [(1, True), (-1, False)])
def test_X66_an_expired_key_does_not_count(keys: Keys, hours: int, *, counts: bool) -> None:
    until = (NOW + timedelta(hours=hours)).strftime("%Y%m%d%H%M%SZ")
    signers = [f'{ANA} valid-before="{until}" {keys.public("ana")}']
    assert (fault(keys, keys.sign("ana", said()), signers=signers) is None) is counts


@pytest.mark.parametrize("signature", ["", "yes", "x" * 20_000, "-----BEGIN SSH SIGNATURE-----\nx"])
def test_A9_what_is_no_signature_does_not_count(keys: Keys, signature: str) -> None:
    assert fault(keys, signature) is not None


@pytest.mark.parametrize("who", ["", "-h", "*", "ana@example.com,leo@example.com", "mallory"])
def test_A9_an_odd_name_is_nobody(keys: Keys, who: str) -> None:
    assert fault(keys, keys.sign("ana", said()), who=who) is not None


def test_a_statement_is_one_printable_line_of_ascii() -> None:
    assert said().isascii()
    assert said().isprintable()
    assert said() == said()


def test_signers_come_from_the_service_file_and_from_the_repository(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        gate = desk.service.environment("production").gate
        assert gate is not None
        gate = gate.model_copy(update={"signers": ("one",), "signers_file": "signers"})
        desk.commit({"signers": b"# two people\n\ntwo\n"})
        assert signers_of(desk.service, gate, desk.settings) == ("one", "# two people", "two")
