"""A real PostgreSQL on loopback: what Prefect keeps its runs in where there are many."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.serving import free_port

_USER = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root


def binaries() -> Path | None:
    """The folder of initdb and postgres, where there is one."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    initdb = shutil.which("initdb")
    folders = [*([Path(initdb).parent] if initdb else []), *sorted(found)]
    return folders[-1] if folders else None


@contextlib.contextmanager
def postgres(bin_folder: Path) -> Iterator[str]:
    """The address of an empty database, as Prefect takes it."""
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="slipway-postgres-"))
    if _USER:
        shutil.chown(folder, _USER)
    data = folder / "data"
    create = [
        str(bin_folder / "initdb"),
        "-D",
        str(data),
        "-U",
        "prefect",
        "-A",
        "trust",
        "--no-sync",
    ]
    subprocess.run(create, check=True, capture_output=True, user=_USER, cwd=folder)
    command = [str(bin_folder / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1"]
    command += ["-k", str(folder), "-c", "fsync=off", "-c", "max_connections=200"]
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
    ask = [str(bin_folder / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(ask, check=False, capture_output=True).returncode:
        if server.poll() is not None or time.monotonic() > limit:
            raise RuntimeError("PostgreSQL did not start")
        time.sleep(0.1)
