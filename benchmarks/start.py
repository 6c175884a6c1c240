"""Start latency: an event arrives at `slipway webhook` → the first step of its delivery runs."""

import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from benchmarks.orchestration import SERVICE, only_staging
from sandbox import postgres, seed
from sandbox.prefect_api import PrefectApi, ended
from sandbox.processes import PrefectServer, Process, Runner
from sandbox.serving import free_port
from sandbox.world import World
from slipway.triggers.signature import signature

_SECRET = "bench-hook"
_PATIENCE = 120.0  # seconds


def measure(rounds: int) -> dict[str, float]:
    """Seconds until the answer, until the run is there, and until its first step runs; medians."""
    with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world") as world:
        only_staging(world)
        with _served(world, Path(folder)) as (api, hook):
            found = [_one(world, api, hook, number) for number in range(rounds)]
    answered, started, running = zip(*found, strict=True)
    return {
        "answered s": statistics.median(answered),
        "run there s": statistics.median(started),
        "first step s": statistics.median(running),
        "lowest": min(running),
        "highest": max(running),
    }


@contextlib.contextmanager
def _served(world: World, folder: Path) -> Iterator[tuple[PrefectApi, str]]:
    """A server, on PostgreSQL where there is one, a runner and a receiver."""
    port, logs = free_port(), folder / "logs"
    with contextlib.ExitStack() as stack:
        binaries = postgres.binaries()
        address = stack.enter_context(postgres.postgres(binaries)) if binaries else ""
        more = {"PREFECT_API_DATABASE_CONNECTION_URL": address} if address else {}
        server = stack.enter_context(PrefectServer(folder / "prefect", free_port(), logs, more))
        runner = Runner(server, world.settings(), logs)
        settings = {
            "SLIPWAY_WEBHOOK_SECRET": _SECRET,
            "SLIPWAY_WEBHOOK_FOLDER": str(folder / "inbox"),
        }
        command = [sys.executable, "-m", "slipway.cli", "webhook", "--port", str(port)]
        receiver = Process("webhook", command, {**runner.env, **settings}, logs)
        for process in (runner, receiver):
            stack.callback(process.stop)
            process.start()
        api, hook = PrefectApi(server.url), f"http://127.0.0.1:{port}"
        stack.callback(api.close)
        _until(lambda: api.deployment(f"deliver/{SERVICE}") is not None and _answers(hook))
        yield api, hook


def _answers(hook: str) -> bool:
    try:
        return httpx.get(f"{hook}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _one(world: World, api: PrefectApi, hook: str, number: int) -> tuple[float, float, float]:
    """A commit that releases nothing, so that the run ends soon."""
    known = {run["id"] for run in api.runs(f"deliver/{SERVICE}")}
    file = {"notes.md": f"note {number}\n".encode()}
    commit = world.git.commit(seed.APPLICATION, "main", file, f"docs: note {number}\n")
    began = datetime.now(UTC)
    _push(world, hook, commit)
    answered = datetime.now(UTC)
    runs: list[str] = []

    def new() -> bool:
        runs[:] = [r["id"] for r in api.runs(f"deliver/{SERVICE}") if r["id"] not in known]
        return bool(runs)

    _until(new)
    run = api.wait(runs[0], ended)
    steps = [datetime.fromisoformat(s["start_time"]) for s in api.task_runs(runs[0])]
    made, first = datetime.fromisoformat(run["created"]), min(steps)
    return (
        (answered - began).total_seconds(),
        (made - began).total_seconds(),
        (first - began).total_seconds(),
    )


def _push(world: World, hook: str, commit: str) -> None:
    event = {
        "ref": "refs/heads/main",
        "after": commit,
        "repository": {"clone_url": f"{world.git_url}/{seed.APPLICATION}"},
        "commits": [{"modified": ["notes.md"]}],
    }
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": signature(body, _SECRET),
    }
    httpx.post(f"{hook}/github", content=body, headers=headers, trust_env=False).raise_for_status()


def _until(reached: Callable[[], bool]) -> None:
    limit = time.monotonic() + _PATIENCE
    while not reached():
        if time.monotonic() > limit:
            raise RuntimeError("nothing came in time")
        time.sleep(0.05)
