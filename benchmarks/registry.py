"""What the registry client costs: one large blob pushed by it and by bare PUT, in turn.

Against the stand-in and, where it is installed, docker-registry; each a process of its own.
"""

import contextlib
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from sandbox.serving import free_port
from slipway.clients.oci import Blob
from slipway.clients.registry import open_repository
from slipway.settings import Settings

SIZE = 64 * 1024 * 1024
_MIB = 1024 * 1024
_NAME = "bench/blob"
_ACCOUNT = ("robot", "secret")
_STAND_IN = """
import sys, time
from pathlib import Path
from sandbox.registry.api import Account, Registry
from sandbox.serving import served
registry = Registry(Path(sys.argv[1]), [Account(*sys.argv[3:], push=("",))])
with served(registry.app, int(sys.argv[2])):
    time.sleep(3600)
"""
_CONFIG = """version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: '127.0.0.1:{port}'}}
"""


def measure(rounds: int) -> dict[str, float]:
    """Medians in MiB/s of both ways to each registry, and how much of the bare way's is kept."""
    figures: dict[str, float] = {}
    for name, start in (("stand-in", _stand_in), ("docker", _docker_registry)):
        with tempfile.TemporaryDirectory() as folder:
            command = start(Path(folder))
            if command:
                with _running(*command) as address:
                    figures |= _compared(name, address, Path(folder) / "blob", rounds)
    return figures


def _compared(name: str, address: str, blob: Path, rounds: int) -> dict[str, float]:
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(_timed(blob, lambda: _put(address, blob)))
        ours.append(_timed(blob, lambda: _upload(address, blob)))
    spread = [less / more for less, more in zip(bare, ours, strict=True)]
    return {
        f"{name}: PUT": SIZE / _MIB / statistics.median(bare),
        f"{name}: ours": SIZE / _MIB / statistics.median(ours),
        f"{name}: ratio": statistics.median(bare) / statistics.median(ours),
        f"{name}: low": min(spread),
        f"{name}: high": max(spread),
    }


def _timed(blob: Path, push: Callable[[], object]) -> float:
    """Seconds to push what no registry holds."""
    blob.write_bytes(os.urandom(SIZE))
    began = time.monotonic()
    push()
    return time.monotonic() - began


def _put(address: str, blob: Path) -> None:
    with blob.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    with httpx.Client(base_url=f"http://{address}", auth=_ACCOUNT, timeout=60) as client:
        started = client.post(f"/v2/{_NAME}/blobs/uploads/").raise_for_status()
        place = started.url.join(started.headers["Location"])
        place = place.copy_merge_params({"digest": digest})
        with blob.open("rb") as file:
            client.put(place, content=file).raise_for_status()


def _upload(address: str, blob: Path) -> None:
    settings = Settings(
        registry_username=_ACCOUNT[0],
        registry_password=_ACCOUNT[1],
        plain_http_registries=(address,),
    )
    with open_repository(f"{address}/{_NAME}", settings, push=True) as repository:
        repository.upload(Blob.of(blob))


def _stand_in(folder: Path) -> tuple[list[str], int]:
    port = free_port()
    return [sys.executable, "-c", _STAND_IN, str(folder), str(port), *_ACCOUNT], port


def _docker_registry(folder: Path) -> tuple[list[str], int] | None:
    if not shutil.which("docker-registry"):
        return None
    config, port = folder / "registry.yml", free_port()
    config.write_text(_CONFIG.format(folder=folder / "data", port=port))
    return ["docker-registry", "serve", str(config)], port


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    """Run a server until the block ends; its address."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            while _is_down(port):
                if server.poll() is not None:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.05)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def _is_down(port: int) -> bool:
    try:
        httpx.get(f"http://127.0.0.1:{port}/v2/", timeout=5)
    except httpx.TransportError:
        return True
    return False
