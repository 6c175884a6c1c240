"""Start latency: an event arrives at `slipway webhook` → the first step of its delivery runs."""

import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from benchmarks.installation import SERVICE, installed, until, ways
from benchmarks.orchestration import only_staging
from sandbox import seed
from sandbox.prefect_api import PrefectApi, ended
from sandbox.processes import Process
from sandbox.serving import free_port
from sandbox.world import World
from slipway.triggers.signature import signature

_SECRET = "bench-hook"


def measure(rounds: int) -> dict[str, float]:
    """Seconds until the answer, until the run is there, until its first step runs; medians.

    `first step, of the run's own` counts from the run, as where the API or a schedule starts it.
    """
    figures: dict[str, float] = {}
    for way in ways():
        with tempfile.TemporaryDirectory() as folder, World(Path(folder) / "world") as world:
            only_staging(world)
            with _served(world, Path(folder), way) as (api, hook):
                _one(world, api, hook, 0)
                found = [_one(world, api, hook, number) for number in range(1, rounds + 1)]
        answered, started, running = zip(*found, strict=True)
        own = [last - first for first, last in zip(started, running, strict=True)]
        figures |= {
            f"{way}: answered s": statistics.median(answered),
            f"{way}: run there s": statistics.median(started),
            f"{way}: first step s": statistics.median(running),
            f"{way}: first step, of the run's own": statistics.median(own),
            f"{way}: lowest": min(running),
            f"{way}: highest": max(running),
        }
    return figures


@contextlib.contextmanager
def _served(world: World, folder: Path, way: str) -> Iterator[tuple[PrefectApi, str]]:
    """An installation and a receiver."""
    port = free_port()
    settings = {
        "SLIPWAY_WEBHOOK_SECRET": _SECRET,
        "SLIPWAY_WEBHOOK_FOLDER": str(folder / "inbox"),
    }
    command = [sys.executable, "-m", "slipway.cli", "webhook", "--port", str(port)]
    with installed(world, folder, way) as there:
        receiver = Process("webhook", command, {**there.env, **settings}, folder / "logs")
        receiver.start()
        hook = f"http://127.0.0.1:{port}"
        try:
            until(lambda: _answers(hook))
            yield there.api, hook
        finally:
            receiver.stop()


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

    until(new)
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
