"""`make demo SCENARIO=crash`: the delivering process is killed twice, at the worst moments."""

import contextlib
import os
import signal
import threading
from pathlib import Path

from sandbox import seed
from sandbox.world import ENVIRONMENTS, World

_SYNC = "/books-api-production/sync"


def kill_twice(world: World) -> None:
    """Once while its first push to the GitOps repository is under way, once after its sync began.

    What the process has started lives on, as after an out-of-memory kill: git goes on pushing.
    """

    def push(name: str) -> None:
        if name == seed.GITOPS:
            _kill_flow(world)
        else:
            world.git.before_push = push

    world.git.before_push = push
    threading.Thread(target=_kill_in_wait, args=(world, _syncs(world)), daemon=True).start()


def _kill_in_wait(world: World, before: int) -> None:
    pause = threading.Event()
    while _syncs(world) == before:
        pause.wait(0.05)
    _kill_flow(world)


def _syncs(world: World) -> int:
    """How often a sync of production was asked for."""
    requests = world.servers["argocd"].traffic.requests
    return sum(r.method == "POST" and r.path.endswith(_SYNC) for r in requests)


def _kill_flow(world: World) -> None:
    """SIGKILL to the process that executes the run, not to the reaper's."""
    marks = (f"PREFECT_HOME={world.home / 'prefect'}\0", "PREFECT__DEPLOYMENT_NAME=books-api\0")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            known = (process / "environ").read_bytes()
            engine = b"prefect.engine" in (process / "cmdline").read_bytes()
            if engine and all(mark.encode() in known for mark in marks):
                os.kill(int(process.name), signal.SIGKILL)


def effects(world: World, run: str, version: str) -> dict[str, int]:
    """How often each side effect of a delivery is there."""
    commits = _lines(world, seed.APPLICATION, "log", "--all", "--format=%s")
    changes = ("log", "main", "--fixed-strings", f"--grep={run}", "--format=%s")
    written = _lines(world, seed.GITOPS, *changes)
    pages = world.git.github.ledger.releases(seed.APPLICATION)
    images = world.registry.store.tags(seed.APPLICATION)
    return {
        "release commit": commits.count(f"chore(main): release {version}"),
        "tag": len(_lines(world, seed.APPLICATION, "tag", "--list", f"v{version}")),
        "release on the forge": sum(page["tag_name"] == f"v{version}" for page in pages),
        "image": images.count(version),
        **{
            f"GitOps commit for {environment}": written.count(
                f"chore({environment}): books-api {version}"
            )
            for environment in ENVIRONMENTS
        },
    }


def _lines(world: World, name: str, *arguments: str) -> list[str]:
    return world.git.repositories.git(name, *arguments).decode().splitlines()
