"""Folders with credentials are private, and gone: also when their process was killed."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from slipway.clients.scratch import scratch

CHILD = """
import sys, time
from slipway.clients.scratch import scratch
with scratch() as folder:
    (folder / "auth.json").write_text("hunter2")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def started() -> "tuple[subprocess.Popen[str], Path]":
    child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    return child, Path(child.stdout.readline().strip())


def test_X17_the_folder_is_private_and_ends_with_its_block(place: Path) -> None:
    with scratch() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        assert folder.parent == place
        (folder / "below").mkdir()
    assert list(place.iterdir()) == []


def test_X17_what_a_killed_process_left_is_removed_by_the_next(place: Path) -> None:
    child, left = started()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert (left / "auth.json").exists()
    with scratch():
        assert not left.exists()
    assert list(place.iterdir()) == []


def test_X17_a_folder_in_use_is_left_alone() -> None:
    child, used = started()
    try:
        with scratch():
            assert (used / "auth.json").exists()
    finally:
        child.kill()
        child.communicate()


def test_X17_links_and_files_of_that_name_are_left_alone(place: Path) -> None:
    (place / "precious").mkdir()
    (place / "slipway-step-link").symlink_to(place / "precious")
    (place / "slipway-step-file").write_text("x")
    with scratch():
        pass
    assert {path.name for path in place.iterdir()} == {
        "precious", "slipway-step-link", "slipway-step-file",
    }  # fmt: skip
