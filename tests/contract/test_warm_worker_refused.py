"""Where a warm worker does not start, and where nothing can be forked."""

import os
import select
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import prefect
import pytest

from sandbox.processes import PrefectServer, bare_environment
from sandbox.serving import free_port
from tests.contract.warm_place import ROOT, until
from workers import launch, refusals


def test_sqlite_is_refused_in_one_line(tmp_path: Path) -> None:
    with PrefectServer(tmp_path / "prefect", free_port(), tmp_path / "logs") as server:
        environment = {**bare_environment(), **server.client_env, "PYTHONPATH": str(ROOT)}
        start = ("prefect", "worker", "start", "--pool", "warm", "--type", "warm")
        done = subprocess.run(
            [sys.executable, "-m", *start],
            check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
    assert done.returncode == 1
    assert "this one uses SQLite" in done.stderr
    assert "--type process" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_prefect_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals.require_known_prefect()
    monkeypatch.setattr(prefect, "__version__", "3.9.1")
    with pytest.raises(refusals.Refused, match=r"this is 3\.9\.1.*--type process"):
        refusals.require_known_prefect()


def test_another_system_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(refusals.Refused, match="needs Linux, and this is darwin"):
        refusals.require_known_prefect()


def test_nothing_is_forked_beside_a_thread(tmp_path: Path) -> None:
    """A fork takes one thread along, and the locks of all."""
    for package in ("workers", "flows"):
        shutil.copytree(ROOT / package, tmp_path / package)
    (tmp_path / "flows" / "deliver.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    with socket.socket(socket.AF_UNIX) as listener:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "workers.fork_server", str(listener.fileno())],
            check=False, cwd=tmp_path, capture_output=True, text=True, timeout=90,
            env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}, pass_fds=(listener.fileno(),),
        )  # fmt: skip
    assert done.returncode == 1
    assert "importing flows.deliver started 1 threads, so nothing can be forked" in done.stderr


@pytest.mark.parametrize("gone", ["never there", "before it served"])
def test_a_run_does_not_need_the_fork_server(tmp_path: Path, gone: str) -> None:
    """It becomes the engine itself, which here has no run to execute."""
    address = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        if gone == "before it served":
            listener.bind(str(address))
            listener.listen()
        with subprocess.Popen(
            [sys.executable, "-S", "-E", launch.__file__],
            env={**bare_environment(), launch.ADDRESS: str(address)}, cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as run:  # fmt: skip
            if gone == "before it served":
                until(lambda: select.select([listener], [], [], 0)[0])
            listener.close()
            out, _ = run.communicate(timeout=90)
    assert "starting without the fork server: the fork server " in out
    assert "Invalid flow run id" in out
    assert run.returncode == 1
