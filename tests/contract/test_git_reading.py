"""The git client: what it reads and writes."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from slipway.clients.git import Protected, PushRace
from slipway.clients.git_objects import LARGEST
from slipway.errors import (
    Final,
    SlipwayError,
)
from tests.contract.git_place import (
    AUTHOR,
    DATE,
    FILES,
    MAIN,
    NAME,
    Desk,
    a_desk,
    change,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


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
        assert found[1].author == "Mia Torres <mia@example.com>"
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
        [one] = clone.written(first, head, "apps")
        assert (one.sha, one.message) == (touched, long)
        made = desk.git("show", "-s", "--format=%cI", touched)
        assert one.at == datetime.fromisoformat(made)
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
