"""The GitOps update behind a gate: exactly what was approved is written."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.errors import Conflict
from slipway.manifests.edits import trailers_of
from slipway.timing import Stopwatch
from tests.contract.gitops_place import NAME, VALUES, Desk, a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def test_an_approved_change_is_written_with_its_approval(desk: Desk) -> None:
    approval = desk.approved(reason="looks good\n\nSlipway-Version: 9.9.9\x1b[31m")
    desk.write("production", approvals=(approval,))
    lines = desk.messages()[0].splitlines()
    assert lines[7:] == [
        "Approved-By: ana@example.com",
        "Approved-At: 2026-11-23T09:30:00Z",
        "Approval-Reason: looks good Slipway-Version: 9.9.9 [31m",
    ]
    assert len([line for line in lines if line.startswith("Slipway-Version")]) == 1


def test_A8_A30_anybody_can_verify_a_signed_approval_from_the_commit_alone(
    desk: Desk, tmp_path: Path
) -> None:
    statement = '{"approver":"ana@example.com","decision":"approve"}'
    key, public = _key(tmp_path)
    signature = _signed(key, statement)
    approval = desk.approved(reason="ok").model_copy(
        update={"statement": statement, "signature": signature}
    )
    desk.write("production", approvals=(approval,))
    log = ("log", "-1", "--format=%(trailers:only,unfold)", "main")
    told = trailers_of(desk.host.repositories.git(NAME, *log).decode())
    armored = "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n"
    said = armored.format(told["Approval-Signature"])
    assert _verifies(tmp_path, public, told["Approval-Statement"], said)
    assert not _verifies(tmp_path, public, told["Approval-Statement"] + " ", said)


def _key(folder: Path) -> tuple[Path, str]:
    """A new key of Ana's: its file, and its public half."""
    file = folder / "ana"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(made, check=True, stdin=subprocess.DEVNULL)
    return file, file.with_suffix(".pub").read_text().strip()


def _signed(key: Path, statement: str) -> str:
    """The armored signature of a statement."""
    done = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", "slipway-approval"],
        check=True, input=statement.encode(), capture_output=True,
    )  # fmt: skip
    return done.stdout.decode()


def _verifies(folder: Path, public: str, statement: str, signature: str) -> bool:
    """Whether plain OpenSSH takes the signature for Ana's."""
    signers, signed = folder / "signers", folder / "signature"
    signers.write_text(f"ana@example.com {public}\n")
    signed.write_text(signature)
    done = subprocess.run(
        ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "ana@example.com",
         "-n", "slipway-approval", "-s", str(signed)],
        check=False, input=statement.encode(), capture_output=True,
    )  # fmt: skip
    return done.returncode == 0


def test_an_approval_survives_changes_beside_the_value(desk: Desk) -> None:
    approval = desk.approved()
    theirs = b"# note\n" + VALUES
    desk.meanwhile({"production.yaml": theirs})
    promotion = desk.write(
        "production", approvals=(approval,), watch=Stopwatch(sleep=lambda seconds: None)
    )
    assert promotion.committed
    assert desk.read("production.yaml") == theirs.replace(b"1.0.0", b'"1.1.0"')


@pytest.mark.parametrize(
    "void",
    [
        {"fingerprint": "0" * 64},
        {"digest": "sha256:" + "f" * 64},
        {"decision": "reject"},
        {"approver": "mallory@example.com"},
        None,
    ],
    ids=["another change", "another image", "rejected", "a stranger", "none at all"],
)
def test_A13_A15_without_a_fitting_approval_nothing_is_written(
    desk: Desk, void: dict[str, str] | None
) -> None:
    approvals = () if void is None else (desk.approved(**void),)
    base = desk.head()
    with pytest.raises(Conflict, match="approv"):
        desk.write("production", approvals=approvals)
    assert desk.head() == base


def test_an_approval_is_void_when_the_value_changes_during_the_race(desk: Desk) -> None:
    approval = desk.approved()
    theirs = VALUES.replace(b"1.0.0", b"1.0.5")
    desk.meanwhile({"production.yaml": theirs})
    with pytest.raises(Conflict, match=r"was changed from '1\.0\.0' to '1\.0\.5' by Mia"):
        desk.write("production", approvals=(approval,), watch=Stopwatch(sleep=lambda seconds: None))
    assert desk.read("production.yaml") == theirs
