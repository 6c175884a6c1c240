"""A run that is cancelled while git talks to a server leaves no git behind, and no folder."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serving import Fault
from tests.contract.git_place import MAIN, Desk, a_desk, change


class Cancelled(BaseException):
    """As Prefect's TerminationSignal: no ordinary exception."""


@pytest.fixture
def cancel() -> Iterator[None]:
    """A signal that raises in the main thread, as the end of a run does."""

    def handle(*_: object) -> None:
        raise Cancelled

    before = signal.signal(signal.SIGUSR1, handle)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as found:
        yield found


def _children() -> list[str]:
    """Every git of this process, and what git started."""
    command = ["ps", "-eo", "pid=,ppid=,args="]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line for line in lines if "git" in line and str(os.getpid()) == line.split()[1]]


def _cancel_once(fault: Fault) -> None:
    """Send the signal when the server has got the request."""
    limit = time.monotonic() + 60
    while fault.times and time.monotonic() < limit:
        time.sleep(0.02)
    os.kill(os.getpid(), signal.SIGUSR1)


@pytest.mark.usefixtures("cancel")
@pytest.mark.parametrize("path", ["/info/refs", "/git-upload-pack"])
def test_A24_git_ends_with_the_run_that_started_it(
    desk: Desk, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(work))
    desk.server.traffic.faults.append(slow := Fault(path=path, delay=15))
    threading.Thread(target=_cancel_once, args=(slow,), daemon=True).start()
    with pytest.raises(Cancelled), desk.cloned():
        pass
    assert _children() == []
    assert [each for each in threading.enumerate() if isinstance(each, threading.Timer)] == []
    assert list(work.iterdir()) == []


@pytest.mark.usefixtures("cancel")
def test_A24_a_push_that_was_under_way_does_not_land_later(desk: Desk) -> None:
    before = desk.git("rev-parse", "main")
    with desk.cloned() as clone:
        sha = change(clone)
        desk.server.traffic.faults.append(slow := Fault(path="/info/refs", delay=3))
        threading.Thread(target=_cancel_once, args=(slow,), daemon=True).start()
        with pytest.raises(Cancelled):
            clone.push({MAIN: sha})
    time.sleep(3.5)  # what was left behind would have pushed by now
    assert desk.git("rev-parse", "main") == before
