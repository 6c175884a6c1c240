"""What the build tests push to and see: a registry of the test alone, and its temporary folders."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Server, served
from tests.contract.docker_engine import RegistryLogin


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Server]:
    """A registry with one account that may push and one that may only pull."""
    accounts = [
        Account("robot", "not-a-real-secret", push=("team",)),
        Account("reader", "another-secret", pull=("team",)),
    ]
    with served(Registry(tmp_path / "registry", accounts).app) as server:
        yield server


@pytest.fixture
def login(shelf: Server) -> RegistryLogin:
    """The account of the registry that may push."""
    return RegistryLogin(f"127.0.0.1:{shelf.port}", "robot", "not-a-real-secret")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, so that a test sees what is left there."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)  # what the process had found before
    return folder


def commands(part: str) -> list[str]:
    """Command lines of the machine's processes that hold `part`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            line = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
            if part in line:
                found.append(line)
    return found


def assert_nothing_left(folder: Path) -> None:
    """No process of a build in `folder`, no file in it and nothing mounted there."""
    assert until(lambda: not commands(f"{folder}/")), "a process of the build still runs"
    assert until(lambda: not list(folder.iterdir()))
    assert str(folder) not in Path("/proc/self/mounts").read_text()


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
