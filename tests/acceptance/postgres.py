"""A real PostgreSQL on loopback, for one test module."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.serving import free_port

_USER = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root


def binaries() -> Path:
    """The folder of initdb and postgres; without one, the test is skipped, or fails in CI."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = shutil.which("initdb")
    folders = [*([Path(initdb).parent] if initdb else []), *sorted(found)]
    if folders:
        return folders[-1]
    if os.environ.get("SLIPWAY_REQUIRE_POSTGRES"):
        pytest.fail("there is no PostgreSQL, and SLIPWAY_REQUIRE_POSTGRES asks for one")
    pytest.skip("there is no PostgreSQL here")


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """The address of an empty database, as Prefect takes it."""
    bin_folder, port = binaries(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="slipway-postgres-"))
    if _USER:
        shutil.chown(folder, _USER)
    data = folder / "data"
    create = [bin_folder / "initdb", "-D", data, "-U", "prefect", "-A", "trust", "--no-sync"]
    subprocess.run(create, check=True, capture_output=True, user=_USER, cwd=folder)
    command = [bin_folder / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1"]
    command += ["-k", folder, "-c", "fsync=off", "-c", "max_connections=200"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, user=_USER, cwd=folder)
    try:
        _until_ready(bin_folder, port, server)
        yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _until_ready(bin_folder: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 60
    ask = [bin_folder / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False, capture_output=True).returncode:
        assert server.poll() is None
        assert time.monotonic() < limit
        time.sleep(0.1)
