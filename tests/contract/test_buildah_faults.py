"""buildah is ended or runs out of disk: nothing of it goes on, and the next build tidies up."""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.serving import Server
from slipway.builders import builder_for
from slipway.errors import Final
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import NAME, PAUSE, program, settings_for, source, stored, target
from tests.contract.shelf import assert_nothing_left, commands, until

pytestmark = [
    pytest.mark.xdist_group("buildah"),  # they look at each other's processes
    pytest.mark.usefixtures("buildah"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="runs x86-64 code"),
]
STEP = "buildah-chroot-exec /stopping"
FILES: dict[str, str | bytes] = {
    "Dockerfile": 'FROM scratch\nCOPY tool /stopping\nRUN ["/stopping"]\n',
    "tool": program(PAUSE),
}
_CHILD = """
import sys
from pathlib import Path
from slipway.builders import builder_for
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin
from tests.contract.images import settings_for, target
login = RegistryLogin(*sys.argv[2:5])
rules = ImageRules(repository=f"{login.address}/team/books-api", builder="buildah")
builder_for(rules, settings_for(login)).build(Path(sys.argv[1]), target(login))
"""


@pytest.fixture
def build(login: RegistryLogin, tmp_path: Path) -> Callable[..., str]:
    """Build a source with buildah and push it."""

    def run(files: dict[str, str | bytes], name: str = "s", limit: float = 40) -> str:
        rules = ImageRules(
            repository=f"{login.address}/{NAME}",
            builder="buildah",
            timeout=timedelta(seconds=limit),
        )
        return builder_for(rules, settings_for(login)).build(
            source(tmp_path / name, files), target(login)
        )

    return run


def test_B07_silent_command_is_ended_and_nothing_is_left(
    build: Callable[..., str], scratch: Path
) -> None:
    with pytest.raises(Final, match="ended after 2 s"):
        build(FILES, limit=2)
    assert_nothing_left(scratch)


def test_B10_cancelled_build_is_ended_and_nothing_is_left(
    build: Callable[..., str], scratch: Path, login: RegistryLogin
) -> None:
    def cancel() -> None:
        assert until(lambda: bool(commands(STEP)))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        build(FILES)
    thread.join()
    assert_nothing_left(scratch)
    assert stored(login, NAME, "1.2.0") is None


def test_B36_X17_a_killed_worker_s_build_ends_and_the_next_one_tidies_up(
    build: Callable[..., str], scratch: Path, login: RegistryLogin, shelf: Server, tmp_path: Path
) -> None:
    folder = source(tmp_path / "killed", FILES)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder), *login], cwd=Path(__file__).parents[2]
    )
    assert until(lambda: bool(commands(STEP) and list(scratch.glob("*/auth.json"))))
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert until(lambda: not commands(f"{scratch}/")), "the build goes on without its worker"
    [left] = scratch.iterdir()
    assert (left / "auth.json").stat().st_mode & 0o777 == 0o600
    assert not shelf.traffic.writes()
    build({"tool": "x"})
    assert_nothing_left(scratch)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes a file system of its own")
def test_B06_full_disk_is_final_and_nothing_is_left(
    build: Callable[..., str], small_disk: Path
) -> None:
    with pytest.raises(Final, match="no space left on device") as caught:
        build({"film": os.urandom(14 * 1024 * 1024)})
    assert "free disk space in the worker's temporary folder" in caught.value.hint
    assert list(small_disk.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary folders on a disk of 32 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], check=True)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
