"""The git client against a Git host that speaks smart HTTP: what it reads, writes and refuses."""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import RedirectResponse

from sandbox.forge.githost import GitHost, Token
from sandbox.serving import Fault, Receive, Scope, Send, Server, served
from slipway.clients.git import Author, Clone, Protected, PushRace, cloned
from slipway.clients.git_failures import failure, push_failure
from slipway.clients.git_objects import LARGEST
from slipway.errors import (
    Final,
    InvalidInput,
    NotFound,
    Retryable,
    SlipwayError,
    Unauthorized,
)

NAME = "acme/gitops"
TOKEN = "tok-51f1a6-writer"
READER = "tok-77c2d0-reader"
AUTHOR = Author("Slipway", "slipway@example.com")
DATE = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MAIN = "refs/heads/main"
FILES = {"values.yaml": b"image:\n  tag: 1.0.0\n", "apps/a.yaml": b"a: 1\n", "run": b"#!/bin/sh\n"}


@dataclass
class Desk:
    """A repository on a host, and how the client gets at it."""

    host: GitHost
    server: Server

    @property
    def url(self) -> str:
        return f"{self.server.url}/{NAME}.git"

    def cloned(
        self, token: str | None = TOKEN, *, depth: int | None = 1, tags: bool = False
    ) -> AbstractContextManager[Clone]:
        secret = SecretStr(token) if token else None
        return cloned(self.url, "main", secret, depth=depth, tags=tags)

    def commit(self, files: dict[str, bytes] | None = None, message: str = "chore: other") -> str:
        return self.host.commit(NAME, "main", files or {"other.txt": os.urandom(4)}, message)

    def git(self, *arguments: str, stdin: bytes = b"") -> str:
        return self.host.repositories.git(NAME, *arguments, stdin=stdin).decode().strip()

    def add_entry(self, mode: str, name: str, content: bytes) -> str:
        """Commit a tree entry that no ordinary commit makes: a link, an executable, a submodule."""
        oid = self.git("hash-object", "-w", "--stdin", stdin=content)
        kind = "commit" if mode == "160000" else "blob"
        oid = self.git("rev-parse", "main") if mode == "160000" else oid
        listing = self.git("ls-tree", "main").encode() + f"\n{mode} {kind} {oid}\t{name}\n".encode()
        tree = self.git("mktree", stdin=listing)
        who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
        sha = self.git(*who, "commit-tree", tree, "-p", "main", "-m", "chore: entry")
        self.git("update-ref", MAIN, sha)
        return sha


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    tokens = [Token(TOKEN, (NAME,), write=True), Token(READER, (NAME,), write=False)]
    host = GitHost(tmp_path / "host", tokens)
    host.create(NAME)
    host.commit(NAME, "main", FILES, "feat: first\n\nwith a body")
    with served(host.app) as server:
        yield Desk(host, server)


def change(clone: Clone, text: bytes = b"image:\n  tag: 2.0.0\n") -> str:
    return clone.commit(clone.head, {"values.yaml": text}, "chore: 2.0.0", AUTHOR, DATE)


# Reading and writing


def test_a_commit_changes_its_files_and_nothing_else(desk: Desk) -> None:
    desk.add_entry("100755", "tool", b"#!/bin/sh\n")
    with desk.cloned() as clone:
        assert clone.head == desk.host.head(NAME)
        assert clone.read("values.yaml") == FILES["values.yaml"]
        assert clone.read("apps/missing.yaml") is clone.read("none/at/all") is None
        files = {"tool": b"new", "apps/b c.yaml": b"b"}
        sha = clone.commit(clone.head, files, "chore: two", AUTHOR, DATE)
        assert sha == clone.commit(clone.head, files, "chore: two", AUTHOR, DATE)
        clone.push({MAIN: sha}, expect={MAIN: clone.head})
        assert clone.head == sha == desk.host.head(NAME)
    changed = desk.git("diff", "--raw", "--abbrev=4", "main~1", "main").splitlines()
    assert [line.split("\t")[1] for line in changed] == ["apps/b c.yaml", "tool"]
    assert desk.git("ls-tree", "main", "tool").startswith("100755")
    assert desk.git("log", "-1", "--format=%an <%ae> %cn %aI") == (
        "Slipway <slipway@example.com> Slipway 2026-11-23T09:30:00+00:00"
    )


def test_a_branch_and_an_annotated_tag_are_pushed_together_or_not_at_all(desk: Desk) -> None:
    with desk.cloned() as clone:
        sha = change(clone)
        tag = clone.tag("v2.0.0", sha, "v2.0.0\n\nRelease-Base: x", AUTHOR, DATE)
        refs = {MAIN: sha, "refs/tags/v2.0.0": tag}
        desk.host.protect(NAME, "refs/tags/v*")
        with pytest.raises(Protected, match="GH013"):
            clone.push(refs, expect={MAIN: clone.head, "refs/tags/v2.0.0": ""})
        assert clone.remote(MAIN) == {MAIN: clone.head}
        desk.host.unprotect(NAME, "refs/tags/v*")
        clone.push(refs, expect={MAIN: clone.head, "refs/tags/v2.0.0": ""})
        assert clone.remote(*refs) == refs
        assert clone.tags() == {"v2.0.0": sha}
        other = clone.tag("v2.0.0", sha, "another", AUTHOR, DATE)
        with pytest.raises(PushRace):
            clone.push({"refs/tags/v2.0.0": other}, expect={"refs/tags/v2.0.0": ""})
        with pytest.raises(PushRace):
            clone.push({"refs/tags/v2.0.0": other})
    assert "tagger Slipway <slipway@example.com>" in desk.git("cat-file", "tag", "v2.0.0")


def test_history_is_read_newest_first(desk: Desk) -> None:
    first = desk.host.head(NAME)
    second = desk.commit(message="fix: a\x1fb\n\nbody\n\nFixes: #1")
    with desk.cloned(depth=None, tags=True) as clone:
        found = clone.log(None, clone.head)
        assert [commit.sha for commit in found] == [second, first]
        assert found[1].subject == "feat: first"
        assert found[1].author == "Ana Ruiz <ana@example.com>"
        assert [commit.sha for commit in clone.log(first, second)] == [second]
        assert clone.messages(first, second)[second].endswith("body\n\nFixes: #1")


def test_messages_of_a_path_come_whole_and_without_merges(desk: Desk) -> None:
    first = desk.host.head(NAME) or ""
    long = "fix: long\n\n" + "a line of it\n" * 20_000
    touched = desk.commit({"apps/a.yaml": b"a: 2\n"}, long)
    desk.commit({"values.yaml": b"1"}, "feat: elsewhere")
    tree = desk.git("rev-parse", "main^{tree}")
    who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
    head = desk.git(*who, "commit-tree", tree, "-p", "main", "-p", first, "-m", "Merge side")
    desk.git("update-ref", MAIN, head)
    with desk.cloned(depth=None) as clone:
        assert list(clone.written(first, head, "apps")) == [(touched, long)]
        assert [each.sha for each in clone.written(None, head)][1:] == [touched, first]
        assert list(clone.written(head, head)) == []
        assert list(clone.own_line(None, head, "apps")) == [(touched, first), (first, None)]
        with pytest.raises(SlipwayError, match="could not read the history"):
            list(clone.written("0" * 40, head))


def test_files_are_obtained_in_one_request_and_read_without_another(desk: Desk) -> None:
    with desk.cloned() as clone:
        desk.server.traffic.reset()
        clone.obtain_files("values.yaml", "apps/a.yaml", "none.txt")
        asked = [request.path for request in desk.server.traffic.requests]
        assert len([path for path in asked if path.endswith("git-upload-pack")]) <= 2
        desk.server.traffic.reset()
        assert clone.read("values.yaml") == FILES["values.yaml"]
        assert clone.read("apps/a.yaml") == FILES["apps/a.yaml"]
        clone.obtain_files()
        assert list(desk.server.traffic.requests) == []


def test_X28_a_huge_file_is_not_read(desk: Desk) -> None:
    desk.host.commit(NAME, "main", {"huge.txt": bytes(LARGEST + 1)}, "feat: a dump")
    with desk.cloned() as clone, pytest.raises(Final, match=r"huge\.txt .* over the limit"):
        clone.read("huge.txt")


def test_fetched_tags_stand_on_commits(desk: Desk) -> None:
    first = desk.host.head(NAME) or ""
    second = desk.commit()
    who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
    desk.git("tag", "light", first)
    desk.git(*who, "tag", "-a", "noted", "-m", "noted", second)
    desk.git(*who, "tag", "-a", "twice", "-m", "twice", "noted")
    desk.git("tag", "file", f"{first}:values.yaml")
    with desk.cloned(depth=None, tags=True) as clone:
        assert clone.fetched_tags() == {"light": first, "noted": second}
        assert clone.fetched_tags(first) == {"light": first}
        desk.git("tag", "later", first)
        assert "later" not in clone.fetched_tags()
        clone.refetch()
        assert clone.fetched_tags()["later"] == first


def test_ancestry_is_told_or_said_to_be_unknown(desk: Desk) -> None:
    old = desk.host.head(NAME) or ""
    for _ in range(3):
        new = desk.commit()
    tree = desk.git("rev-parse", "main^{tree}")
    who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
    side = desk.git(*who, "commit-tree", tree, "-p", old, "-m", "side")
    with desk.cloned() as clone:
        assert clone.contains(new, old) is True
        assert clone.contains(old, new) is False
        assert clone.contains(old, old) is True
        assert clone.contains("f" * 40, old) is None
        assert clone.contains(new, "main") is None
    with desk.cloned() as clone:
        assert clone.contains(new, side) is False  # off the branch: fetched by its id


def test_export_writes_the_committed_files_of_a_folder(desk: Desk, tmp_path: Path) -> None:
    attributes = b"*.txt export-ignore\nversion export-subst\n"
    release = desk.commit({
        "app/.gitattributes": attributes, "app/a.txt": b"a\r\n", "app/version": b"$Format:%H$",
        "app/sub/b": b"b", "application/c": b"c",
    })  # fmt: skip
    desk.add_entry("100755", "tool", b"#!/bin/sh\n")
    desk.commit({"app/a.txt": b"later"})
    with desk.cloned() as clone:
        clone.export(release, "app", tmp_path / "app")
        clone.export(clone.head, ".", tmp_path / "all")
        with pytest.raises(Final, match="'nothing' holds no file"):
            clone.export(release, "nothing", tmp_path / "none")
    found = {
        str(path.relative_to(tmp_path / "app")): path.read_bytes()
        for path in (tmp_path / "app").rglob("*")
        if path.is_file()
    }
    assert found == {
        ".gitattributes": attributes, "a.txt": b"a\r\n", "version": b"$Format:%H$", "sub/b": b"b",
    }  # fmt: skip
    assert os.access(tmp_path / "all" / "tool", os.X_OK)
    assert not os.access(tmp_path / "all" / "run", os.X_OK)
    assert (tmp_path / "all" / "app" / "a.txt").read_bytes() == b"later"


# Failures


@pytest.mark.parametrize(
    ("token", "said"),
    [("wrong-token-000", "Invalid username or token"), (None, "could not read Username")],
    ids=["G48", "G49"],
)
def test_G48_G49_bad_or_missing_credentials(desk: Desk, token: str | None, said: str) -> None:
    with pytest.raises(Unauthorized, match=said) as refused, desk.cloned(token):
        pass
    assert "wrong-token-000" not in str(refused.value)


@pytest.mark.parametrize("name", ["acme/none", "acme/out-of-scope"])
def test_G50_a_repository_is_missing_or_out_of_scope(desk: Desk, name: str) -> None:
    desk.host.create("acme/out-of-scope")
    with (
        pytest.raises(NotFound) as refused,
        cloned(f"{desk.server.url}/{name}.git", "main", SecretStr(TOKEN)),
    ):
        pass
    assert "no such repository, or the token has no access" in refused.value.hint


def test_G51_a_read_only_token_cannot_push(desk: Desk) -> None:
    with desk.cloned(READER) as clone, pytest.raises(Unauthorized, match="not granted"):
        clone.push({MAIN: change(clone)})


@pytest.mark.parametrize("leased", [True, False])
def test_G52_someone_else_was_faster(desk: Desk, leased: bool) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        other = desk.commit()
        with pytest.raises(PushRace):
            clone.push({MAIN: sha}, expect={MAIN: base} if leased else {})
        assert desk.host.head(NAME) == other
        assert clone.refetch() == clone.head == other
        clone.push({MAIN: change(clone)}, expect={MAIN: other})


def test_G53_a_protected_branch_is_final_and_quotes_the_server(desk: Desk) -> None:
    desk.host.protect(NAME, "main")
    with desk.cloned() as clone, pytest.raises(Protected) as refused:
        clone.push({MAIN: change(clone)})
    assert isinstance(refused.value, Final)
    assert "GH006" in refused.value.message
    assert "pull request" in refused.value.message


@pytest.mark.parametrize("status", [429, 500, 503], ids=["G61", "500", "G54"])
def test_G54_G61_a_server_error_is_never_a_success(desk: Desk, status: int) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", status=status))
        with pytest.raises(Retryable, match=str(status)):
            clone.push({MAIN: sha})
        assert desk.host.head(NAME) == base
        clone.push({MAIN: sha})


def test_G56_a_connection_that_breaks_is_retryable(desk: Desk) -> None:
    with desk.cloned() as clone:
        sha, base = change(clone), clone.head
        desk.server.traffic.faults.append(Fault(path="git-receive-pack", drop=True, times=-1))
        with pytest.raises(Retryable):
            clone.push({MAIN: sha})
        assert desk.host.head(NAME) == base
    desk.server.traffic.faults[:] = [Fault(drop=True, times=-1)]
    with pytest.raises(Retryable), desk.cloned():
        pass


def test_G57_a_push_whose_answer_was_lost_is_a_success(desk: Desk) -> None:
    with desk.cloned() as clone:
        sha = change(clone)
        desk.server.traffic.faults.append(Fault("POST", "git-receive-pack", lose_answer=True))
        clone.push({MAIN: sha}, expect={MAIN: clone.head})
        assert clone.head == sha == desk.host.head(NAME)


def test_G59_a_branch_that_is_missing_or_goes_away(desk: Desk) -> None:
    with pytest.raises(InvalidInput), cloned(desk.url, "gone", SecretStr(TOKEN)):
        pass
    desk.git("tag", "v1", "main")
    with (
        pytest.raises(InvalidInput, match="no branch v1"),
        cloned(desk.url, "v1", SecretStr(TOKEN)),
    ):
        pass
    with desk.cloned() as clone:
        desk.git("update-ref", "-d", MAIN)
        with pytest.raises(InvalidInput, match="branch in the service file"):
            clone.refetch()


def test_G60_a_locked_ref_is_a_race(desk: Desk) -> None:
    lock = desk.host.path(NAME) / "refs" / "heads" / "main.lock"
    with desk.cloned() as clone:
        lock.touch()
        with pytest.raises(PushRace):
            clone.push({MAIN: change(clone)})
        lock.unlink()
        clone.push({MAIN: change(clone)})


SPOKEN = {
    "G55": ("error: RPC failed; curl 28 Operation too slow. Less than 1 bytes/sec", Retryable),
    "G54": ("error: RPC failed; HTTP 503\nEverything up-to-date", Retryable),
    "G65": ("fatal: write error: No space left on device", Retryable),
    "name": ("fatal: unable to access 'x': Could not resolve host: y", Retryable),
    "certificate": ("fatal: unable to access 'x': SSL certificate problem: expired", Final),
    "quoted": ("remote: Authentication failed for x\nfatal: early EOF", Retryable),
    "silent": ("", Retryable),
}


@pytest.mark.parametrize(("text", "kind"), SPOKEN.values(), ids=SPOKEN.keys())
def test_G54_G55_G65_what_git_says_decides_the_family(text: str, kind: type[SlipwayError]) -> None:
    found = failure("clone x", text)
    assert isinstance(found, kind)
    assert not isinstance(found, Unauthorized)
    assert "up-to-date" not in found.message


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("cannot lock ref 'refs/heads/main': is at 1 but expected 2", PushRace),
        ("incorrect old value provided", PushRace),
        ("Internal Server Error", Retryable),
        ("protected branch hook declined", Protected),
        ("push declined due to repository rule violations", Protected),
        ("shallow update not allowed", Protected),
    ],
)
def test_G60_refusals_of_the_remote(reason: str, kind: type[SlipwayError]) -> None:
    text = f"To x\n!\tabc:refs/heads/main\t[remote rejected] ({reason})\nDone\nerror: failed"
    assert type(push_failure("push to x", text)) is kind


def test_G66_the_clone_catches_up_with_a_remote_that_ran_away(desk: Desk) -> None:
    with desk.cloned() as clone:
        for number in range(25):
            desk.commit({"values.yaml": b"n: %d\n" % number})
        assert clone.refetch() == desk.host.head(NAME)
        assert clone.read("values.yaml") == b"n: 24\n"
        clone.push({MAIN: change(clone)}, expect={MAIN: clone.head})
    assert desk.git("rev-list", "--count", "main") == "27"


# Safety


def test_G67_the_token_is_nowhere_to_be_seen(desk: Desk) -> None:
    seen: list[bytes] = []

    def look(name: str) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                seen.append((process / "cmdline").read_bytes())
            except OSError:  # it has ended meanwhile
                continue

    desk.host.before_push = look
    with desk.cloned() as clone:
        folder = Path(clone.repo.git_dir).parent
        clone.push({MAIN: change(clone)})
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert not [path for path in files if TOKEN.encode() in path.read_bytes()]
    assert any(b"git-remote-http" in line or b"push" in line for line in seen)
    assert not [line for line in seen if TOKEN.encode() in line]
    assert not folder.exists()


def test_G68_no_configuration_of_the_machine_takes_part(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, home = tmp_path / "proof", tmp_path / "home"
    hooks = home / "hooks"
    hooks.mkdir(parents=True)
    for name in ("pre-push", "reference-transaction", "post-rewrite"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {proof}\n")
        (hooks / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[core]\n\thooksPath = {hooks}\n[url "http://127.0.0.1:1/"]\n'
        f"\tinsteadOf = {desk.server.url}/\n[credential]\n\thelper = store\n"
        "[commit]\n\tgpgSign = true\n"
    )
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", f"'core.hooksPath'='{hooks}'")
    monkeypatch.setenv("GIT_DIR", str(home))
    monkeypatch.setenv("GIT_ASKPASS", str(hooks / "pre-push"))
    with desk.cloned() as clone:
        clone.push({MAIN: change(clone)})
    assert desk.host.head(NAME) == clone.head
    assert not proof.exists()
    assert not (home / ".git-credentials").exists()


def test_G68_redirects_are_not_followed(desk: Desk) -> None:
    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        target = f"{desk.server.url}{scope['path']}?{scope['query_string'].decode()}"
        await RedirectResponse(target, 301)(scope, receive, send)

    with served(elsewhere) as moved:
        url = f"{moved.url}/{NAME}.git"
        with pytest.raises(InvalidInput) as refused, cloned(url, "main", SecretStr(TOKEN)):
            pass
    assert "moved" in refused.value.hint
    assert desk.server.traffic.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///srv/git/x", "ext::sh -c id", "ssh://host/x", "git@host:x/y", "/srv/git/x",
        "https://user:secret@host/x", "https://host/x?token=secret", "--upload-pack=id",
        "https://host/x\n", "ftp://host/x",
    ],
)  # fmt: skip
def test_G69_only_plain_http_urls(url: str) -> None:
    with pytest.raises(InvalidInput) as refused, cloned(url, "main", None):
        pass
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("branch", ["--upload-pack=id", "-x", "a b", "a..b", "", "a\nb"])
def test_G70_a_branch_is_no_option(branch: str) -> None:
    with pytest.raises(InvalidInput), cloned("http://127.0.0.1:1/x/y", branch, None):
        pass


def test_G70_names_and_messages_are_never_options(desk: Desk, tmp_path: Path) -> None:
    names = {"--help": b"1", "-n/--force": b"2", "a*b": b"3", ":(top)x": b"4", "ñ 'q': $x": b"5"}
    desk.commit({"a-b": b"other"})
    with desk.cloned() as clone:
        sha = clone.commit(clone.head, names, "--amend\n\n-m x", AUTHOR, DATE)
        clone.push({MAIN: sha})
        assert {name: clone.read(name) for name in names} == names
        clone.export(clone.head, "-n", tmp_path / "out")
        for revision in ("--all", "-1", "main..main", "a b"):
            with pytest.raises(InvalidInput):
                clone.log(None, revision)
        for path in ("../x", "/etc/passwd", ""):
            with pytest.raises(InvalidInput):
                clone.read(path)
        with pytest.raises(InvalidInput):
            clone.tag("--delete", sha, "x", AUTHOR, DATE)
    assert (tmp_path / "out" / "--force").read_bytes() == b"2"
    assert desk.git("log", "-1", "--format=%B").strip() == "--amend\n\n-m x"


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_G12_links_and_submodules_are_refused(desk: Desk, mode: str, tmp_path: Path) -> None:
    desk.add_entry(mode, "link", b"/etc")
    kind = "symbolic link" if mode == "120000" else "submodule"
    with desk.cloned() as clone:
        for path in ("link", "link/passwd"):
            with pytest.raises(Final, match=f"'link'.* is a {kind}"):
                clone.read(path)
        with pytest.raises(Final, match="'link'"):
            clone.commit(clone.head, {"link": b"x"}, "x", AUTHOR, DATE)
        with pytest.raises(Final, match="'link'"):
            clone.export(clone.head, ".", tmp_path / "out")
        clone.export(clone.head, "apps", tmp_path / "apps")
    assert not (tmp_path / "out").exists()


def test_G71_a_branch_never_moves_backwards_even_with_a_lease(desk: Desk) -> None:
    base = desk.host.head(NAME) or ""
    tip = desk.commit()
    with desk.cloned() as clone:
        clone.deepen(5)
        aside = clone.commit(base, {"x": b"1"}, "aside", AUTHOR, DATE)
        with pytest.raises(Final, match="does not follow"):
            clone.push({MAIN: aside}, expect={MAIN: tip})
        with pytest.raises(PushRace):
            clone.push({MAIN: aside})
    assert desk.host.head(NAME) == tip


def test_G72_an_author_cannot_add_headers(desk: Desk) -> None:
    author = Author("Eve\nparent 0\x00<x>", "a@b>\ncommitter Z <z@z> 1 +0000")
    with desk.cloned() as clone:
        sha = clone.commit(clone.head, {"x": b"1"}, "x", author, DATE)
        tag = clone.tag("v1", sha, "x", author, DATE)
        clone.push({MAIN: sha, "refs/tags/v1": tag})
    headers = desk.git("cat-file", "commit", "main").split("\n\n")[0].splitlines()
    assert [re.split(" ", line)[0] for line in headers] == ["tree", "parent", "author", "committer"]
