"""The git client: what no token, machine or repository content can do."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.responses import RedirectResponse

from sandbox.serving import Receive, Scope, Send, served
from slipway.clients.git import Author, PushRace, cloned
from slipway.errors import (
    Final,
    InvalidInput,
)
from tests.contract.git_place import AUTHOR, DATE, MAIN, NAME, TOKEN, Desk, a_desk, change


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


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
