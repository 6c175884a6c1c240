"""A real Docker engine that dies or runs out of disk; in a network of its own, beside any other."""

import gc
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from slipway.builders import builder_for
from slipway.errors import Final, Retryable
from slipway.service import ImageRules
from tests.contract.docker_engine import RegistryLogin, answers, missing
from tests.contract.images import NAME, PAUSE, program, settings_for, source, target
from tests.contract.shelf import commands, until

pytestmark = pytest.mark.docker
MIB = 1024 * 1024
RUN = 'FROM scratch\nCOPY tool /tool\nRUN ["/tool"]\n'
# The first process of a name space: when it is killed, everything in there ends and is unmounted.
_ENGINE = """
mount -t tmpfs -o size=64m tmpfs "$1/data"
exec dockerd -H "unix://$1/s" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid"
"""
_ALONE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


@pytest.fixture
def doomed(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        missing("an engine of the test's own takes root and dockerd")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*_ALONE, "sh", "-ec", _ENGINE, "-", name], stdout=log, stderr=log
            )
        address = f"unix://{name}/s"
        try:
            if not until(lambda: answers(address) or process.poll() is not None, 30):
                missing(f"dockerd did not start:\n{(folder / 'log').read_text()[-600:]}")
            monkeypatch.setenv("DOCKER_HOST", address)
            monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")  # the packaged command
            yield process
        finally:
            process.kill()
            process.wait()


def build(folder: Path, files: dict[str, str | bytes], *secrets: str) -> None:
    nobody = RegistryLogin("127.0.0.1:1", "", "")  # the engine's network reaches no registry
    settings = settings_for(nobody, build_secrets={name: SecretStr("hunter2") for name in secrets})
    rules = ImageRules(repository=f"127.0.0.1:1/{NAME}", secrets=secrets)
    builder_for(rules, settings).build(source(folder / "s", files), target(nobody))


# The SDK leaks the socket that it tried when nobody listened any more: it is collected here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("secrets", [(), ("NPM_TOKEN",)], ids=["sdk", "buildkit"])
def test_B09_engine_killed_in_the_middle_is_retryable(
    secrets: tuple[str, ...], doomed: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    found = list[bool]()

    def kill() -> None:
        found.append(until(lambda: "/halting " in commands("/halting")))
        doomed.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    with pytest.raises(Retryable) as caught:
        build(
            tmp_path,
            {"Dockerfile": RUN.replace("/tool", "/halting"), "tool": program(PAUSE)},
            *secrets,
        )
    thread.join()
    assert found == [True]
    assert "from Dockerfile" in caught.value.message
    del caught
    gc.collect()


@pytest.mark.parametrize("secrets", [(), ("NPM_TOKEN",)], ids=["sdk", "buildkit"])
def test_B06_engine_without_disk_is_final_with_its_words(
    secrets: tuple[str, ...], doomed: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    files: dict[str, Any] = {"Dockerfile": "FROM scratch\nCOPY . /\n", "film": os.urandom(80 * MIB)}
    with pytest.raises(Final, match="no space left on device") as caught:
        build(tmp_path, files, *secrets)
    assert "free disk space" in caught.value.hint
