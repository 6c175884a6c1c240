"""What follows what in a long history, without reading all of it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from slipway.clients.git import Clone
from tests.contract.git_place import MAIN, Desk, a_desk

LONG = 3_000
FIRST = 1_700_000_000


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Its history is longer than any that is read for a question."""
    with a_desk(tmp_path_factory.mktemp("long")) as made:
        parent = f"from {made.git('rev-parse', 'main')}\n"
        stream = ""
        for number in range(LONG):
            who = f"x <x@example.com> {FIRST + number} +0000"
            stream += f"commit {MAIN}\ncommitter {who}\ndata 0\n{parent}\n"
            parent = ""
        made.git("fast-import", "--quiet", stdin=stream.encode())
        yield made


def commits(clone: Clone) -> int:
    return int(str(clone.repo.git.rev_list("--count", "--all")))


@pytest.mark.parametrize("back", [1, 50, 300])
def test_S63_an_older_commit_is_told_at_once(desk: Desk, back: int) -> None:
    older, newer = desk.git("rev-parse", f"main~{back}"), desk.git("rev-parse", "main")
    with desk.cloned(sparse=True) as clone:
        assert clone.contains(older, newer) is False
        assert clone.contains(newer, older) is True
        assert commits(clone) < 1000


def test_a_side_line_stays_unknown(desk: Desk) -> None:
    tree, base = desk.git("rev-parse", "main^{tree}"), desk.git("rev-parse", f"main~{LONG - 5}")
    who = ["-c", "user.name=Leo", "-c", "user.email=leo@example.com"]
    side = desk.git(*who, "commit-tree", tree, "-p", base, "-m", "side")
    with desk.cloned(sparse=True) as clone:
        assert clone.contains(clone.head, side) is None


@pytest.mark.parametrize("back", [0, 20, 1000])
def test_the_commit_of_a_moment_is_found(desk: Desk, back: int) -> None:
    moment = datetime.fromtimestamp(FIRST + LONG - 1 - back + 0.5, UTC)
    with desk.cloned(sparse=True) as clone:
        assert clone.at(moment) == desk.git("rev-parse", f"main~{back}")
        assert commits(clone) == 1 if back == 0 else commits(clone) < 2600


def test_a_moment_before_everything_is_the_oldest_commit(desk: Desk) -> None:
    long_ago = datetime.fromtimestamp(0, UTC)
    with desk.cloned(depth=None) as clone:
        assert clone.at(long_ago) == desk.git("rev-list", "--max-parents=0", "main")
    with desk.cloned(sparse=True) as clone:
        oldest = clone.at(long_ago)
        assert clone.contains(clone.head, oldest) is True
