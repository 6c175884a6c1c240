"""Signed commits: made with a key of each kind, read back from the remote, and checked there."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from slipway.clients.git import Author, cloned
from slipway.errors import Final, InvalidInput
from tests.contract.gitops_place import NAME, TOKEN, Desk, a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def ssh_key(folder: Path, passphrase: str = "") -> str:
    file = folder / "key"
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", file], check=True
    )
    return file.read_text()


def openpgp_key(folder: Path, passphrase: str = "") -> str:
    home = folder / "gnupg"
    home.mkdir(0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--pinentry-mode", "loopback"]
    gpg += ["--passphrase", passphrase]
    made = [*gpg, "--quick-gen-key", "Slipway <s@x.y>", "ed25519"]
    subprocess.run(made, check=True, capture_output=True)
    export = [*gpg, "--armor", "--export-secret-keys"]
    exported = subprocess.run(export, check=True, capture_output=True)
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return exported.stdout.decode()


KEYS = {"SSH": ssh_key, "OpenPGP": openpgp_key}


def run_in(folder: Path) -> set[str]:
    """Processes that were started with that folder on their command line."""
    found = set()
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(process.read_bytes().decode(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return {line for line in found if str(folder) in line}


@pytest.mark.parametrize("kind", KEYS)
def test_G11_a_signed_commit_arrives_with_its_signature(
    desk: Desk, kind: str, tmp_path: Path
) -> None:
    key = KEYS[kind](tmp_path)
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": SecretStr(key)})
    promotion = desk.write()
    raw = desk.host.repositories.git(NAME, "cat-file", "commit", promotion.revision).decode()
    begin = {"SSH": "BEGIN SSH SIGNATURE", "OpenPGP": "BEGIN PGP SIGNATURE"}[kind]
    assert raw.count(f"gpgsig -----{begin}-----") == 1
    assert desk.head() == promotion.revision
    assert desk.messages()[0].endswith("Slipway-Run: run-1")


def test_G11_line_breaks_of_a_key_may_be_written_out(desk: Desk, tmp_path: Path) -> None:
    key = SecretStr(ssh_key(tmp_path).replace("\n", "\\n"))
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": key})
    assert desk.write().committed


@pytest.mark.parametrize("kind", KEYS)
def test_G11_a_branch_that_is_rewritten_after_the_push_is_told(
    desk: Desk, kind: str, tmp_path: Path
) -> None:
    """A server that makes a commit of its own of what it gets, as a rebase or web merge does."""
    hook = desk.host.path(NAME) / "hooks" / "post-receive"
    hook.write_text(
        "#!/bin/sh\nread -r old new ref\n"
        "export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x\n"
        'made=$(git commit-tree "$new^{tree}" -p "$old" -m web)\ngit update-ref "$ref" "$made"\n'
    )
    hook.chmod(0o755)
    key = SecretStr(KEYS[kind](tmp_path))
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": key})
    with pytest.raises(Final, match="pushed and then replaced"):
        desk.write()


@pytest.mark.parametrize("kind", KEYS)
def test_G11_a_commit_without_the_signature_is_told(desk: Desk, kind: str, tmp_path: Path) -> None:
    bare = desk.commit({"x": b"1"})
    (tmp_path / "other").mkdir()
    desk.settings = desk.settings.model_copy(
        update={"gitops_signing_key": SecretStr(KEYS[kind](tmp_path / "other"))}
    )
    foreign = desk.write().revision
    url, key = desk.service.gitops.repository, SecretStr(KEYS[kind](tmp_path))
    with cloned(url, "main", SecretStr(TOKEN), signing_key=key) as clone:
        for revision in (bare, foreign):
            with pytest.raises(Final, match="does not carry the signature"):
                clone.require_signed(revision)


@pytest.mark.parametrize("kind", KEYS)
def test_G11_a_key_with_a_passphrase_is_refused_before_anything_is_pushed(
    desk: Desk, kind: str, tmp_path: Path
) -> None:
    key = KEYS[kind](tmp_path, "a secret phrase")
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": SecretStr(key)})
    with pytest.raises(InvalidInput, match="sign") as refused:
        desk.write()
    assert "without a passphrase" in refused.value.hint
    assert desk.pushes() == 0


@pytest.mark.parametrize(
    "key", ["nonsense", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP-----"]
)
def test_G11_what_is_no_key_is_refused_without_showing_it(desk: Desk, key: str) -> None:
    desk.settings = desk.settings.model_copy(update={"gitops_signing_key": SecretStr(key)})
    with pytest.raises(InvalidInput, match="signing key") as refused:
        desk.write()
    assert "AAAA" not in str(refused.value)
    assert "nonsense" not in str(refused.value)


def test_G11_G67_the_key_is_in_a_private_file_that_goes_away(desk: Desk, tmp_path: Path) -> None:
    key = ssh_key(tmp_path)
    seen: list[bytes] = []

    def look(name: str) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            for part in ("cmdline", "environ"):
                try:
                    seen.append((process / part).read_bytes())
                except OSError:  # it has ended meanwhile, or is another user's
                    continue

    desk.host.before_push = look
    url, secret = desk.service.gitops.repository, SecretStr(key)
    with cloned(url, "main", SecretStr(TOKEN), sparse=True, signing_key=secret) as clone:
        folder = Path(clone.repo.git_dir).parent
        (private,) = [
            path
            for path in folder.rglob("*")
            if path.is_file() and b"OPENSSH PRI" in path.read_bytes()
        ]
        assert private.stat().st_mode & 0o777 == 0o600
        files = {"staging.yaml": b"x: 1\n"}
        sha = clone.commit(clone.head, files, "chore: x", Author("A", "a@b.c"))
        clone.push({"refs/heads/main": sha})
        clone.require_signed(sha)
    assert not folder.exists()
    line = key.splitlines()[4].encode()  # the first lines are the same in all keys of a kind
    assert seen
    assert not [text for text in seen if line in text]


def test_G11_no_agent_outlives_the_clone(desk: Desk, tmp_path: Path) -> None:
    url, key = desk.service.gitops.repository, SecretStr(openpgp_key(tmp_path))
    with cloned(url, "main", SecretStr(TOKEN), sparse=True, signing_key=key) as clone:
        folder = Path(clone.repo.git_dir).parent
        clone.commit(clone.head, {"x": b"1"}, "chore: x", Author("A", "a@b.c"))
        assert run_in(folder)
    deadline = time.monotonic() + 10
    while run_in(folder) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not run_in(folder)
