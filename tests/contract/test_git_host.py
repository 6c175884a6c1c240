"""The Git host stand-in, met with the real git command: it must refuse as GitHub does."""

import base64
import gzip
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Fault, Receive, Scope, Send, Server, served

NAME = "parraletz/gitops-cf"
WRITER = Token("writer-token", (NAME,), write=True)
READER = Token("reader-token", (NAME,), write=False)
OUTSIDER = Token("outsider-token", ("parraletz/other",), write=True)
FILES = {"values.yaml": b"tag: 1.0.0\n", "big.bin": b"x" * 4000, "docs/a.md": b"a\n"}


@dataclass
class Desk:
    """A person's machine beside the host: git with a token, and nothing else configured."""

    host: GitHost
    server: Server
    folder: Path

    def git(
        self, *arguments: str, token: str = WRITER.value, cwd: str = "."
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_AUTHOR_NAME": "Leo",
            "GIT_AUTHOR_EMAIL": "leo@example.com",
            "GIT_COMMITTER_NAME": "Leo",
            "GIT_COMMITTER_EMAIL": "leo@example.com",
        }
        if token:
            environment |= {"GIT_ASKPASS": str(self.folder / "askpass"), "TOKEN": token}
        return subprocess.run(
            ["git", *arguments],
            cwd=self.folder / cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def url(self, name: str = NAME) -> str:
        return f"{self.server.url}/{name}.git"

    def clone(self, *options: str, token: str = WRITER.value) -> None:
        done = self.git("clone", "--quiet", *options, self.url(), "work", token=token)
        assert done.returncode == 0, done.stderr

    def edit(self, text: str = "tag: 2.0.0\n") -> str:
        """Commit in the clone; the new SHA."""
        (self.folder / "work" / "values.yaml").write_text(text)
        assert self.git("commit", "--quiet", "-am", "edit", cwd="work").returncode == 0
        return self.git("rev-parse", "HEAD", cwd="work").stdout.strip()

    def push(self, *arguments: str, token: str = WRITER.value) -> subprocess.CompletedProcess[str]:
        return self.git("push", *(arguments or ("origin", "main")), token=token, cwd="work")


class _Current:
    """The host of the running test, behind a server that lives as long as the module."""

    host: GitHost

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.host.app(scope, receive, send)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[_Current, Server]]:
    current = _Current()
    with served(current.app) as server:
        yield current, server


@pytest.fixture
def desk(tmp_path: Path, shared: tuple[_Current, Server]) -> Desk:
    host = GitHost(tmp_path / "hostside", [WRITER, READER, OUTSIDER])
    host.create(NAME)
    host.commit(NAME, "main", FILES, "first\n")
    folder = tmp_path / "desk"
    folder.mkdir()
    askpass = folder / "askpass"
    askpass.write_text('#!/bin/sh\necho "$TOKEN"\n')
    askpass.chmod(0o755)
    current, server = shared
    current.host = host
    server.traffic.reset()
    return Desk(host, server, folder)


def test_a_push_with_a_token_arrives(desk: Desk) -> None:
    desk.clone()
    sha = desk.edit()
    assert desk.push().returncode == 0
    assert desk.host.head(NAME) == sha
    assert desk.host.read(NAME, "values.yaml") == b"tag: 2.0.0\n"


def test_the_address_works_without_its_suffix(desk: Desk) -> None:
    found = desk.git("ls-remote", f"{desk.server.url}/{NAME}", "refs/heads/main")
    assert found.stdout.split()[0] == desk.host.head(NAME)


def test_G48_a_bad_token_fails_authentication(desk: Desk) -> None:
    done = desk.git("ls-remote", desk.url(), token="wrong")
    assert done.returncode == 128
    assert "Authentication failed for" in done.stderr
    assert "hostside" not in done.stderr


def test_G49_without_credentials_the_host_asks_for_them(desk: Desk) -> None:
    done = desk.git("ls-remote", desk.url(), token="")
    assert done.returncode == 128
    assert "could not read Username" in done.stderr
    answer = httpx.get(f"{desk.url()}/info/refs", params={"service": "git-upload-pack"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="GitHub"'


def test_G50_missing_and_out_of_scope_look_the_same(desk: Desk) -> None:
    missing = desk.git("ls-remote", desk.url("parraletz/other"), token=OUTSIDER.value)
    hidden = desk.git("ls-remote", desk.url(), token=OUTSIDER.value)
    for done in (missing, hidden):
        assert done.returncode == 128
        assert "remote: Repository not found." in done.stderr
        assert "not found" in done.stderr.splitlines()[-1]
        assert "hostside" not in done.stderr


def test_G51_a_read_only_token_reads_but_does_not_push(desk: Desk) -> None:
    desk.clone(token=READER.value)
    before = desk.host.head(NAME)
    desk.edit()
    done = desk.push(token=READER.value)
    assert done.returncode == 128
    assert "Write access to repository not granted." in done.stderr
    assert "403" in done.stderr
    assert desk.host.head(NAME) == before


def test_G52_a_push_behind_another_writer_is_rejected(desk: Desk) -> None:
    desk.clone()
    theirs = desk.host.commit(NAME, "main", {"other.txt": b"theirs\n"}, "theirs\n")
    desk.edit()
    done = desk.push("--porcelain", "origin", "main")
    assert done.returncode == 1
    assert "[rejected] (fetch first)" in done.stdout
    assert desk.host.head(NAME) == theirs


def test_G53_a_protected_branch_refuses_until_it_is_unprotected(desk: Desk) -> None:
    desk.clone()
    before, ours = desk.host.head(NAME), desk.edit()
    desk.host.protect(NAME, "main")
    done = desk.push()
    assert done.returncode == 1
    assert "GH006: Protected branch update failed for refs/heads/main." in done.stderr
    assert "[remote rejected] main -> main (pre-receive hook declined)" in done.stderr
    assert "hostside" not in done.stderr
    assert desk.host.head(NAME) == before
    assert desk.push("origin", "HEAD:refs/heads/topic").returncode == 0
    desk.host.unprotect(NAME, "main")
    assert desk.push().returncode == 0
    assert desk.host.head(NAME) == ours


@pytest.mark.parametrize("atomic", [True, False])
def test_a_protected_tag_takes_the_branch_with_it_only_if_atomic(desk: Desk, atomic: bool) -> None:
    desk.host.protect(NAME, "refs/tags/v*")
    desk.clone()
    before, ours = desk.host.head(NAME), desk.edit()
    assert desk.git("tag", "v2.0.0", cwd="work").returncode == 0
    option = ["--atomic"] if atomic else []
    done = desk.push(*option, "origin", "main", "v2.0.0")
    assert done.returncode == 1
    assert "GH013: Repository rule violations found for refs/tags/v2.0.0." in done.stderr
    assert desk.host.repositories.commit_at(NAME, "refs/tags/v2.0.0") is None
    assert desk.host.head(NAME) == (before if atomic else ours)


def test_G60_a_writer_between_the_two_halves_of_a_push_wins(desk: Desk) -> None:
    desk.clone()
    desk.edit()
    raced: list[str] = []

    def race(name: str) -> None:
        raced.append(desk.host.commit(name, "main", {"values.yaml": b"tag: 1.5.0\n"}, "race\n"))

    desk.host.before_push = race
    done = desk.push("--porcelain", "origin", "main")
    assert done.returncode == 1
    assert "[remote rejected]" in done.stdout
    assert "hostside" not in done.stderr + done.stdout
    assert raced == [desk.host.head(NAME)]
    assert desk.host.before_push is None


def test_G54_a_server_error_leaves_the_branch_alone(desk: Desk) -> None:
    desk.clone()
    before = desk.host.head(NAME)
    desk.edit()
    desk.server.traffic.faults.append(Fault(method="POST", path="receive-pack", status=503))
    done = desk.push()
    assert done.returncode == 1
    assert "HTTP 503" in done.stderr
    assert desk.host.head(NAME) == before


def test_G56_a_dropped_connection_leaves_the_branch_alone(desk: Desk) -> None:
    desk.clone()
    before = desk.host.head(NAME)
    desk.edit()
    drop = Fault(method="POST", path="receive-pack", drop=True, times=-1)  # curl tries twice
    desk.server.traffic.faults.append(drop)
    assert desk.push().returncode == 1
    assert desk.host.head(NAME) == before


def test_G57_a_lost_answer_hides_a_push_that_arrived(desk: Desk) -> None:
    desk.clone()
    ours = desk.edit()
    desk.server.traffic.faults.append(Fault(method="POST", path="receive-pack", lose_answer=True))
    assert desk.push().returncode == 1
    assert desk.host.head(NAME) == ours


def test_a_shallow_blobless_clone_fetches_only_what_it_opens(desk: Desk) -> None:
    desk.host.commit(NAME, "main", {"values.yaml": b"tag: 1.0.1\n"}, "second\n")
    desk.clone("--depth=1", "--filter=blob:none", "--no-checkout")
    listed = desk.git("rev-list", "--objects", "--missing=print", "HEAD", cwd="work").stdout
    assert sum(line.startswith("?") for line in listed.splitlines()) == len(FILES)
    assert desk.git("rev-list", "--count", "HEAD", cwd="work").stdout == "1\n"
    opened = desk.git("show", "HEAD:values.yaml", cwd="work")
    assert opened.stdout == "tag: 1.0.1\n"
    listed = desk.git("rev-list", "--objects", "--missing=print", "HEAD", cwd="work").stdout
    assert sum(line.startswith("?") for line in listed.splitlines()) == len(FILES) - 1


def test_a_push_from_a_shallow_blobless_clone_arrives(desk: Desk) -> None:
    desk.clone("--depth=1", "--filter=blob:none")
    ours = desk.edit()
    assert desk.push().returncode == 0
    assert desk.host.head(NAME) == ours


def test_a_chunked_push_arrives(desk: Desk) -> None:
    desk.clone()
    (desk.folder / "work" / "noise.bin").write_bytes(os.urandom(300_000))
    desk.git("add", "noise.bin", cwd="work")
    ours = desk.edit()
    done = desk.git("-c", "http.postBuffer=65536", "push", "origin", "main", cwd="work")
    assert done.returncode == 0, done.stderr
    assert desk.host.head(NAME) == ours


def test_a_gzipped_push_arrives(desk: Desk) -> None:
    desk.clone()
    before, ours = desk.host.head(NAME), desk.edit()
    pack = subprocess.run(
        ["git", "pack-objects", "--stdout", "--revs", "--quiet"],
        cwd=desk.folder / "work",
        input=f"{ours}\n^{before}\n".encode(),
        capture_output=True,
        check=True,
    ).stdout
    command = f"{before} {ours} refs/heads/main\0 report-status".encode()
    body = f"{len(command) + 4:04x}".encode() + command + b"0000" + pack
    answer = httpx.post(
        f"{desk.url()}/git-receive-pack",
        content=gzip.compress(body),
        headers={
            "Content-Type": "application/x-git-receive-pack-request",
            "Content-Encoding": "gzip",
        },
        auth=("x-access-token", WRITER.value),
    )
    assert b"unpack ok" in answer.content
    assert desk.host.head(NAME) == ours


def test_a_broken_pack_changes_nothing(desk: Desk) -> None:
    before = desk.host.head(NAME)
    command = f"{before} {'1' * 40} refs/heads/main\0 report-status".encode()
    answer = httpx.post(
        f"{desk.url()}/git-receive-pack",
        content=f"{len(command) + 4:04x}".encode() + command + b"0000PACKrubbish",
        headers={"Content-Type": "application/x-git-receive-pack-request"},
        auth=("x-access-token", WRITER.value),
    )
    assert b"ok refs/heads/main" not in answer.content
    assert b"hostside" not in answer.content
    assert desk.host.head(NAME) == before


def test_a_client_that_leaves_in_the_middle_of_a_push_changes_nothing(desk: Desk) -> None:
    before = desk.host.head(NAME)
    command = f"{before} {'1' * 40} refs/heads/main\0 report-status".encode()
    credentials = base64.b64encode(f"x:{WRITER.value}".encode()).decode()
    head = (
        f"POST /{NAME}.git/git-receive-pack HTTP/1.1\r\nHost: git\r\nContent-Length: 100000\r\n"
        "Content-Type: application/x-git-receive-pack-request\r\n"
        f"Authorization: Basic {credentials}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", desk.server.port)) as connection:
        body = f"{len(command) + 4:04x}".encode() + command + b"0000PACK"
        connection.sendall(head.encode() + body)
    deadline = time.monotonic() + 10
    while not desk.server.traffic.writes():  # recorded when the backend has ended
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert desk.host.head(NAME) == before


def test_writers_at_the_same_time_lose_nothing(desk: Desk) -> None:
    def write(writer: int) -> None:
        for turn in range(4):
            name = f"{writer}-{turn}.txt"
            desk.host.commit(NAME, "main", {name: b"x\n"}, f"{name}\n")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(write, range(3)))
    listed = desk.host.repositories.git(NAME, "ls-tree", "--name-only", "main").decode()
    assert sum(name.endswith(".txt") for name in listed.split()) == 12


@pytest.mark.parametrize("path", ["HEAD", "objects/info/packs", "config", "info/refs"])
def test_only_the_smart_protocol_is_served(desk: Desk, path: str) -> None:
    auth = ("x-access-token", WRITER.value)
    answer = httpx.get(f"{desk.url()}/{path}", auth=auth)
    assert answer.status_code in (403, 404)
    assert b"hostside" not in answer.content


@pytest.mark.parametrize("name", ["parraletz/%2e%2e", "..%2f..", "parraletz/-x"])
def test_a_name_cannot_leave_the_root(desk: Desk, name: str) -> None:
    answer = httpx.get(
        f"{desk.server.url}/{name}.git/info/refs",
        params={"service": "git-upload-pack"},
        auth=("x-access-token", WRITER.value),
    )
    assert answer.status_code == 404


def test_a_commit_keeps_the_files_it_does_not_name(desk: Desk) -> None:
    desk.host.commit(NAME, "main", {"docs/b.md": b"b\n"}, "more\n", author="Eva <eva@example.com>")
    listed = desk.host.repositories.git(NAME, "ls-tree", "-r", "--name-only", "main").decode()
    assert listed.split() == sorted([*FILES, "docs/b.md"])
    author = desk.host.repositories.git(NAME, "log", "-1", "--format=%an <%ae>", "main").decode()
    assert author.strip() == "Eva <eva@example.com>"
