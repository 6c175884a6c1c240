"""Checks SSH signatures with OpenSSH's own `ssh-keygen`; no key of this machine takes part."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from slipway.errors import Final
from slipway.gates.statement import NAMESPACE
from slipway.text import printable

_LIMIT = 60.0  # seconds
_LONGEST = 10_000  # characters of a signature


def verify(
    statement: str,
    signature: str,
    principal: str,
    signers: Sequence[str],
    revoked: Sequence[str],
    at: datetime,
) -> str | None:
    """What is wrong with a signature, in one sentence; None when it is the principal's.

    `signers` are lines of an allowed_signers file, `revoked` public keys; a signer's time of
    validity is compared with `at`. Raises Final where there is no ssh-keygen.
    """
    if len(signature) > _LONGEST or "-----BEGIN SSH SIGNATURE-----" not in signature:
        return "it is no SSH signature"
    with tempfile.TemporaryDirectory(prefix="slipway-signature-") as folder:
        files = {"signers": signers, "revoked": revoked, "signature": [signature.strip()]}
        for name, lines in files.items():
            Path(folder, name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        moment = at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
        done = _run(
            "ssh-keygen", "-Y", "verify", "-n", NAMESPACE, "-I", principal,
            "-f", f"{folder}/signers", "-s", f"{folder}/signature", "-O", f"verify-time={moment}",
            *(["-r", f"{folder}/revoked"] if revoked else []),
            stdin=statement,
        )  # fmt: skip
    if done.returncode == 0:
        return None
    said = printable(" ".join((done.stdout + " " + done.stderr).replace(folder, "").split()), 300)
    return f"its signature does not verify ({said or 'ssh-keygen does not say why'})"


def _run(*command: str, stdin: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, check=False, input=stdin, capture_output=True, text=True, timeout=_LIMIT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )  # fmt: skip
    except FileNotFoundError:
        raise Final("ssh-keygen was not found", "install OpenSSH to check signatures") from None
