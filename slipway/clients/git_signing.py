"""Signed commits: with an SSH key or an OpenPGP key, and how a signature is checked.

The key is in a file that only this user reads, in the clone's temporary folder, and gone with it.
OpenPGP keys live in a keyring of their own there. Nothing of the machine's keys takes part.
"""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from slipway.clients.git_command import GitCommand
from slipway.errors import Final, InvalidInput
from slipway.text import printable

_BACK = 100  # commits that others may have added in the moment since
_LIMIT = 60.0  # seconds for one run of a signing tool
_OPENPGP = "-----BEGIN PGP PRIVATE KEY BLOCK-----"
_HINT = (
    "set SLIPWAY_GITOPS_SIGNING_KEY to an SSH private key or an armored OpenPGP secret key,"
    " without a passphrase"
)


class Signer(NamedTuple):
    """How git is told to sign and to check, in options and environment."""

    options: tuple[str, ...]
    environment: Mapping[str, str]


@contextlib.contextmanager
def signer(key: SecretStr, folder: Path) -> Iterator[Signer]:
    """A signer with its files below `folder`; usable until the block ends.

    Raises InvalidInput for a key that cannot be used, Final when ssh-keygen or gpg is missing.
    """
    text = key.get_secret_value().replace("\\n", "\n").strip() + "\n"
    if text.startswith(_OPENPGP):
        with _keyring(folder / "gnupg") as home:
            yield _openpgp(text, home)
    else:
        yield _ssh(text, folder)


def not_signed(said: str) -> InvalidInput:
    """The error for a commit that git could not sign."""
    return InvalidInput(f"the commit could not be signed: {printable(said, 400)}", _HINT)


def require_signed(
    git: GitCommand, url: str, ref: str, revision: str, signer: Signer | None
) -> None:
    """Read a commit back from the remote, into a repository of its own, and check its signature.

    Raises Final when the branch does not hold it, or it does not carry this signer's signature.
    """
    with tempfile.TemporaryDirectory(prefix="slipway-back-") as folder:
        here = {"GIT_DIR": folder}
        git.run("init", "--quiet", "--bare", "--template=", environment=here, what="read back")
        git.run(
            "fetch", "--quiet", "--no-tags", f"--depth={_BACK}", "--filter=tree:0", url, ref,
            environment=here, what=f"read {revision} back from {url}",
        )  # fmt: skip
        arrived = git.attempt(
            "merge-base", "--is-ancestor", revision, "FETCH_HEAD", environment=here
        )
        fault = unsigned(git, revision, signer, here)
    if arrived.status:
        raise Final(
            f"{ref} of {url} does not hold {revision} any more: it was pushed and then replaced",
            "find out what rewrites the branch: a rewritten commit has lost its signature",
        )
    if fault:
        raise _wrong(url, revision, fault)


def require_signature(git: GitCommand, url: str, revision: str, signer: Signer | None) -> None:
    """Raise Final when a commit that was fetched does not carry this signer's signature."""
    fault = unsigned(git, revision, signer)
    if fault:
        raise _wrong(url, revision, fault)


def unsigned(
    git: GitCommand,
    revision: str,
    signer: Signer | None,
    environment: Mapping[str, str] | None = None,
) -> str | None:
    """What is wrong with a commit's signature; None: it is this signer's, and there has to be one.

    `environment` names another repository than the clone.
    """
    if signer is None:
        raise AssertionError("the clone has no signing key")
    where = {**signer.environment, **(environment or {})}
    checked = git.attempt(*signer.options, "verify-commit", revision, environment=where)
    return (printable(checked.err, 300) or "no signature") if checked.status else None


def _wrong(url: str, revision: str, fault: str) -> Final:
    return Final(
        f"{revision} at {url} does not carry the signature it was made with: {fault}",
        "check that the signing key is valid today and that nothing rewrites the commit",
    )


def _ssh(text: str, folder: Path) -> Signer:
    private, allowed = folder / "signing-key", folder / "allowed-signers"
    private.touch(0o600)
    private.write_text(text, encoding="utf-8")
    public = _told("ssh-keygen", "-y", "-P", "", "-f", str(private))
    allowed.write_text(f'slipway namespaces="git" {public}', encoding="utf-8")
    return Signer(
        (
            "-c", "gpg.format=ssh", "-c", f"user.signingKey={private}",
            "-c", f"gpg.ssh.allowedSignersFile={allowed}",
        ),
        {"SSH_ASKPASS_REQUIRE": "never"},
    )  # fmt: skip


@contextlib.contextmanager
def _keyring(home: Path) -> Iterator[Path]:
    """An empty keyring; the agent that gpg starts for it ends with the block."""
    home.mkdir(0o700)
    (home / "gpg.conf").write_text("batch\nno-tty\npinentry-mode error\n", encoding="ascii")
    try:
        yield home
    finally:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _run(["gpgconf", "--kill", "all"], "", {"GNUPGHOME": str(home)})


def _openpgp(text: str, home: Path) -> Signer:
    environment = {"GNUPGHOME": str(home)}
    _told("gpg", "--import", stdin=text, environment=environment)
    listing = _told("gpg", "--with-colons", "--list-secret-keys", environment=environment)
    prints = [line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")]
    if not prints:
        raise InvalidInput("the signing key holds no secret OpenPGP key", _HINT)
    options = ("-c", "gpg.format=openpgp", "-c", f"user.signingKey={prints[0]}")
    return Signer(options, environment)


def _told(*command: str, stdin: str = "", environment: Mapping[str, str] | None = None) -> str:
    try:
        done = _run(command, stdin, environment or {})
    except FileNotFoundError:
        raise Final(f"{command[0]} was not found", "install it to sign GitOps commits") from None
    except subprocess.TimeoutExpired:
        raise InvalidInput(f"{command[0]} did not answer for the signing key", _HINT) from None
    if done.returncode:
        said = printable(done.stderr)
        raise InvalidInput(f"the signing key cannot be used: {command[0]}: {said}", _HINT)
    return done.stdout


def _run(
    command: Sequence[str], stdin: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        check=False,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        start_new_session=True,  # no terminal to ask for a passphrase
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **environment},
    )
