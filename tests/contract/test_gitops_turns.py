"""Writers of one branch take turns on one machine, and are safe where they cannot."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slipway.gitops.turns import turn
from slipway.timing import Stopwatch
from tests.contract.gitops_place import Desk, a_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def test_G64_writers_on_one_machine_push_once_each(desk: Desk) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(desk.write, version=f"1.1.{n}", run=f"run-{n}") for n in (5, 5, 5, 5)]
        written = [run.result() for run in runs]
    assert desk.pushes() == 1
    assert [promotion.committed for promotion in written].count(True) == 1


def test_G64_a_turn_is_waited_for_no_longer_than_asked(desk: Desk) -> None:
    url, waits = desk.service.gitops.repository, list[float]()
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 1
        waits.append(seconds)

    watch = Stopwatch(clock=lambda: now[0], sleep=sleep)
    with turn(url, "main", watch) as first:
        with turn(url, "main", watch, patience=5) as second:
            assert (first, second) == (True, False)
        with turn(url, "other", watch) as elsewhere:
            assert elsewhere
    assert len(waits) == 5
    with turn(url, "main", watch) as again:
        assert again
    assert len(waits) == 5


def test_G64_a_folder_that_cannot_be_written_means_no_turn(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with turn("https://x.y/z", "main", Stopwatch()) as ours:
        assert not ours
