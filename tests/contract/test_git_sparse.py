"""A sparse clone fetches the folders on the way to its files, and nothing beside them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.clients.git import Clone
from slipway.errors import Final
from tests.contract.git_place import AUTHOR, DATE, MAIN, NAME, Desk, a_desk

PATHS = ("apps/staging/books.yaml", "services/books/values.yaml")
MANY = {f"services/s{number}/values.yaml": b"n: %d\n" % number for number in range(300)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        made.commit(MANY | dict.fromkeys(PATHS, b"a: 1\n"))
        yield made


def fetches(desk: Desk) -> int:
    """Requests for objects since the traffic was reset; half of them only name the refs."""
    asked = [request.path for request in desk.server.traffic.requests]
    return len([path for path in asked if path.endswith("git-upload-pack")])


def objects(clone: Clone) -> int:
    """How many objects the clone holds."""
    every = clone.repo.git.cat_file("--batch-all-objects", "--batch-check")
    return len(str(every).splitlines())


def test_G66_only_the_way_to_the_files_is_fetched(desk: Desk) -> None:
    with desk.cloned(sparse=True) as clone:
        assert objects(clone) == 1  # the commit
        desk.server.traffic.reset()
        assert clone.read_all(PATHS) == dict.fromkeys(PATHS, b"a: 1\n")
        assert fetches(desk) == 4  # root, two folders, two folders, two files
        assert objects(clone) == 1 + 5 + 1  # both files are the same
        desk.server.traffic.reset()
        files = dict.fromkeys([*PATHS, "apps/staging/new.yaml"], b"a: 2\n")
        sha = clone.commit(clone.head, files, "chore: two", AUTHOR, DATE)
        assert list(desk.server.traffic.requests) == []
        clone.push({MAIN: sha}, expect={MAIN: clone.head})
        assert fetches(desk) == 0
    changed = desk.git("diff", "--name-only", "main~1", "main").splitlines()
    assert changed == sorted(files)
    assert desk.git("ls-tree", "-r", "--name-only", "main").count("\n") == 300 + 3 + 3 - 1
    desk.git("fsck", "--strict")


def test_G66_a_race_costs_one_request_and_what_has_changed(desk: Desk) -> None:
    with desk.cloned(sparse=True) as clone:
        clone.read_all(PATHS)
        had = objects(clone)
        desk.commit({"services/s7/values.yaml": b"n: x\n"})
        desk.commit({PATHS[0]: b"a: 3\n"})
        desk.server.traffic.reset()
        base, head = clone.head, clone.refetch()
        assert clone.read_all(PATHS)[PATHS[0]] == b"a: 3\n"
        # Two commits, two roots, services, s7, apps and staging; the changed file.
        assert objects(clone) - had == 8 + 1
        assert [commit.sha for commit in clone.touched(base, head, PATHS[0])] == [head]


@pytest.mark.parametrize("sparse", [True, False])
def test_a_host_without_filters_sends_everything_and_works(desk: Desk, sparse: bool) -> None:
    config = desk.host.path(NAME) / "config"
    config.write_text(config.read_text().replace("allowFilter = true", "allowFilter = false"))
    with desk.cloned(sparse=sparse) as clone:
        assert objects(clone) > 300
        desk.server.traffic.reset()
        assert clone.read_all(PATHS) == dict.fromkeys(PATHS, b"a: 1\n")
        assert len(clone.below("services")) == 301
        assert fetches(desk) == 0
        sha = clone.commit(clone.head, {PATHS[0]: b"a: 2\n"}, "chore: x", AUTHOR, DATE)
        clone.push({MAIN: sha}, expect={MAIN: clone.head})
        desk.commit({PATHS[1]: b"a: 4\n"})
        clone.refetch()
        assert clone.read(PATHS[1]) == b"a: 4\n"


def test_files_below_a_folder_are_listed_in_one_request(desk: Desk) -> None:
    with desk.cloned(sparse=True) as clone:
        desk.server.traffic.reset()
        assert clone.below("apps/staging") == (PATHS[0],)
        assert objects(clone) == 4
        assert clone.below("services")[:2] == (
            "services/books/values.yaml",
            "services/s0/values.yaml",
        )
        assert clone.below("none") == clone.below("values.yaml") == ()
        assert "values.yaml" in clone.below("")


def test_history_is_told_without_folders(desk: Desk) -> None:
    old = desk.host.head(NAME) or ""
    for _ in range(5):
        new = desk.commit()
    with desk.cloned(sparse=True) as clone:
        assert clone.contains(new, old) is True
        assert clone.contains(old, new) is False
        clone.deepen(50)
        assert len(clone.messages(None, clone.head)) == 7
        assert objects(clone) == 7


@pytest.mark.parametrize(
    ("path", "said"),
    [("services", "is a folder"), ("values.yaml/x", "which is a file")],
)
def test_G12_a_path_that_is_no_file_is_not_written(desk: Desk, path: str, said: str) -> None:
    with desk.cloned(sparse=True) as clone, pytest.raises(Final, match=said):
        clone.commit(clone.head, {path: b"x"}, "chore: x", AUTHOR, DATE)


@pytest.mark.parametrize("mode", ["120000", "160000"])
def test_G12_links_on_the_way_are_refused(desk: Desk, mode: str) -> None:
    desk.add_entry(mode, "link", b"apps")
    with desk.cloned(sparse=True) as clone:
        for path in ("link", "link/staging/books.yaml"):
            with pytest.raises(Final, match="'link'"):
                clone.read_all([path])
            with pytest.raises(Final, match="'link'"):
                clone.commit(clone.head, {path: b"x"}, "chore: x", AUTHOR, DATE)
        with pytest.raises(Final, match="'link'"):
            clone.below("link/staging")
        assert "link" in clone.below("")
