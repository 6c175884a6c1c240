"""A build that is cancelled while it uploads leaves no tag and no folder, and can be done again."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault
from tests.contract.build_place import World, a_world


class Cancelled(BaseException):
    """As Prefect's TerminationSignal: no ordinary exception."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path / "world") as made:
        yield made


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary folders."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def slow(world: World) -> Iterator[Fault]:
    """An upload that takes longer than anybody waits; the run is cancelled in its middle."""
    fault = Fault(method="PUT", path="/blobs/uploads/", delay=10)
    world.server.traffic.faults.append(fault)

    def cancel(*_: object) -> None:
        raise Cancelled

    def once() -> None:
        limit = time.monotonic() + 60
        while fault.times and time.monotonic() < limit:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, cancel)
    threading.Thread(target=once, daemon=True).start()
    yield fault
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("slow")
def test_A24_a_cancelled_upload_leaves_nothing_that_a_retry_does_not_repair(
    world: World, work: Path
) -> None:
    wanted = world.commit()
    with pytest.raises(Cancelled):
        world.build(wanted)
    assert world.pushes() == []
    assert list(work.iterdir()) == []
    assert world.build(wanted).created
    assert len(set(world.pushes())) == len(world.pushes()) > 0
