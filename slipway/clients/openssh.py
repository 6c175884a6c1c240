"""SSH signatures, made and checked by OpenSSH's own `ssh-keygen`.

To check one, no key of this machine takes part; to make one, the person's key or agent does, and
its content is never read here.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from slipway.errors import Final
from slipway.gates.statement import NAMESPACE
from slipway.text import printable

_LIMIT = 60.0  # seconds
_PERSON = ("HOME", "SSH_AUTH_SOCK", "SSH_ASKPASS", "DISPLAY", "TERM")  # of whoever signs
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


def sign(statement: str, key: Path) -> str:
    """The armored signature of a statement by a key file, or by the agent that has its other half.

    A passphrase is asked for on the terminal by ssh-keygen itself. Raises Final when it does not
    sign.
    """
    known = {name: os.environ[name] for name in _PERSON if name in os.environ}
    done = _run(
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-n",
        NAMESPACE,
        "-f",
        str(key),
        stdin=statement,
        more=known,
    )
    if done.returncode == 0:
        return done.stdout
    said = printable(done.stderr, 300)
    raise Final(
        f"ssh-keygen did not sign with {key.name} ({said or 'it does not say why'})",
        "check the file, or that the agent has the key: ssh-add -l",
    )


def _run(
    *command: str, stdin: str, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, check=False, input=stdin, capture_output=True, text=True, timeout=_LIMIT,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **(more or {})},
        )  # fmt: skip
    except FileNotFoundError:
        raise Final(
            "ssh-keygen was not found", "install OpenSSH: it makes and checks signatures"
        ) from None
