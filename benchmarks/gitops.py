"""What a GitOps write costs in a large repository, and what 100 of them cost at once.

10,000 files and 5,000 commits behind smart HTTP, in a process of its own. Against it: Slipway's
write, a script after a full clone, after a shallow one, and with the least that Git can fetch: the
newest commit, and of the files the one that changes.
"""

import contextlib
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from pydantic import SecretStr

from benchmarks.gitops_repository import grown, values
from sandbox.serving import free_port
from slipway import gitops
from slipway.errors import Retryable
from slipway.model import Image
from slipway.service import Service
from slipway.settings import Settings
from slipway.value import Timing

NAME, TOKEN = "bench/gitops", "bench-token"
WRITERS = 100
_ATTEMPTS = 6  # as the step has
_MACHINES = 16  # where they are apart; each takes the next write when it is done
_HOST = """
import sys, time
from pathlib import Path
from sandbox.forge.githost import GitHost, Token
from sandbox.serving import served
host = GitHost(Path(sys.argv[1]), [Token(sys.argv[4], (sys.argv[3],), write=True)])
with served(host.app, int(sys.argv[2])) as server:
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        pushes = [r for r in server.traffic.requests if r.path.endswith("git-receive-pack")]
        print(len([r for r in pushes if r.method == "POST"]), flush=True)
"""
_LEAST = "--depth=1 --filter=blob:none --no-checkout"
_ONE_FILE = """git sparse-checkout set --no-cone "/{file}"
git checkout -q main"""
_SCRIPT = """set -e
git clone -q {flags} "$1" work
cd work
{prepare}
sed -i 's/^  tag: .*/  tag: "{version}"/' "{file}"
git -c user.name=x -c user.email=x@y.z commit -qam "chore: {version}"
git push -q origin HEAD:main
"""


def measure(rounds: int) -> dict[str, float]:
    """Medians in seconds of one write each way; then the many at once, wall time and pushes."""
    with tempfile.TemporaryDirectory() as folder:
        grown(Path(folder), NAME, TOKEN)
        with _hosted(Path(folder)) as (url, pushes):
            ways = {
                "ours": functools.partial(write, url, 1),
                "full clone": functools.partial(_script, url, "", "", 2),
                "shallow clone": functools.partial(_script, url, "--depth=1", "", 3),
                "least": functools.partial(_script, url, _LEAST, _ONE_FILE, 4),
            }
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for number in range(rounds):
                for name, way in ways.items():
                    taken[name].append(_timed(way, f"2.0.{number}"))
            figures = {name: statistics.median(times) for name, times in taken.items()}
            figures["ours / least"] = figures["ours"] / figures["least"]
            return figures | _crowd(url, pushes, apart=False) | _crowd(url, pushes, apart=True)


def write(url: str, number: int, version: str) -> None:
    """Slipway's write of one service's version."""
    service = Service.model_validate({
        "service": f"service-{number}",
        "source": {"repository": "https://example.com/acme/x"},
        "image": {"repository": "registry.example.com/acme/x"},
        "gitops": {"repository": url},
        "environments": [{
            "name": "staging",
            "updates": [{"file": values(number), "key": "image.tag"}],
            "application": {"name": "x"},
            "smoke": {"url": "https://x.example.com/"},
        }],
    })  # fmt: skip
    image = Image(
        repository="registry.example.com/acme/x", version=version, digest=f"sha256:{'a' * 64}",
        revision="b" * 40, builder="docker", created=True, timing=Timing(started=datetime.now(UTC)),
    )  # fmt: skip
    settings = Settings(gitops_token=SecretStr(TOKEN))
    began = datetime.now(UTC)
    for left in reversed(range(_ATTEMPTS)):
        try:
            written = gitops.write(
                service,
                service.environments[0],
                image,
                settings,
                run=f"run-{number}",
                began=began,
                approvals=(),
            )
            break
        except Retryable:
            if not left:
                raise
    if not written.committed:
        raise RuntimeError(f"service-{number} was not written: {written.reason}")


def _crowd(url: str, pushes: Callable[[], int], *, apart: bool) -> dict[str, float]:
    """The many at once on one machine, or `apart`, on several: without waiting for their turn."""
    version = f"3.{int(apart)}.0"
    with tempfile.TemporaryDirectory() as folder, _pool(folder, apart=apart) as pool:
        list(pool.map(abs, range(WRITERS)))  # they have started
        before, begin = pushes(), time.monotonic()
        tasks = [pool.submit(write, url, 10 + number, version) for number in range(WRITERS)]
        landed = len([task for task in tasks if task.exception() is None])
        seconds = time.monotonic() - begin
    name = "apart" if apart else "together"
    return {
        f"{name}: landed": landed,
        f"{name}: seconds": seconds,
        f"{name}: pushes": (pushes() - before) / max(1, landed),
    }


def _pool(folder: str, *, apart: bool) -> Executor:
    if not apart:
        return ThreadPoolExecutor(WRITERS)
    context = get_context("spawn")
    return ProcessPoolExecutor(_MACHINES, context, initializer=_placed, initargs=(folder,))


def _placed(folder: str) -> None:
    """Give the process a temporary folder of its own, as if it were another machine."""
    tempfile.tempdir = str(Path(folder) / str(os.getpid()))
    Path(tempfile.tempdir).mkdir()


def _script(url: str, flags: str, prepare: str, number: int, version: str) -> None:
    file = values(number)
    steps = prepare.format(file=file)
    script = _SCRIPT.format(flags=flags, prepare=steps, version=version, file=file)
    address = url.replace("://", f"://x:{TOKEN}@")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["sh", "-c", script, "sh", address], cwd=folder, check=True)


def _timed(way: Callable[[str], None], version: str) -> float:
    begin = time.monotonic()
    way(version)
    return time.monotonic() - begin


@contextlib.contextmanager
def _hosted(folder: Path) -> Iterator[tuple[str, Callable[[], int]]]:
    """The host's address of the repository, and how often it has been pushed to."""
    port = free_port()
    command = [sys.executable, "-c", _HOST, str(folder), str(port), NAME, TOKEN]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as server:
        if server.stdin is None or server.stdout is None:
            raise AssertionError("both are pipes")
        ask, told = server.stdin, server.stdout

        def pushes() -> int:
            ask.write("\n")
            return int(told.readline())

        try:
            pushes()  # it answers once it serves
            yield f"http://127.0.0.1:{port}/{NAME}.git", pushes
        finally:
            ask.close()
