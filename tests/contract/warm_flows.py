"""Flows that a worker runs in its tests. They tell what became of them in files of a folder."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.flow_runs import suspend_flow_run
from prefect.settings import get_current_settings


def told(name: str) -> Any:
    """A hook that leaves a file."""

    def hook(flow: Any, flow_run: Any, state: Any) -> None:
        (Path(flow_run.parameters["folder"]) / f"hook {name}").write_text(state.name)

    return hook


@flow(log_prints=True)
def tell(folder: str) -> str:
    """Where it runs, and with what."""
    print("printed")  # noqa: T201 -- log_prints is what is looked at
    get_run_logger().debug("in detail")
    get_run_logger().info("in short")
    facts = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "folder": str(Path.cwd()),
        "temporary": tempfile.gettempdir(),
        "word": os.environ.get("WORD"),
        "zone": time.strftime("%Z"),
        "api": get_current_settings().api.url,
        "level": get_current_settings().logging.level,
        "retries": plain.retries,
        "forked": "flows.deliver" in sys.modules,
        "open": sorted(
            str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.exists()
        ),
    }
    (Path(folder) / "facts").write_text(json.dumps(facts))
    get_run_logger().info("the last word")
    return "told"


@flow(
    on_cancellation=[told("cancellation")],
    on_crashed=[told("crashed")],
    on_completion=[told("completion")],
    on_failure=[told("failure")],
)
def wait(folder: str) -> None:
    """Until there is a file `go`, or a minute has gone. `fail` in it makes it fail."""
    place = Path(folder)
    (place / "pid").write_text(str(os.getpid()))
    limit = time.monotonic() + 60
    while not (place / "go").exists() and time.monotonic() < limit:
        time.sleep(0.05)
    if (place / "go").read_text() == "fail":
        raise ValueError("as asked")
    (place / "ended").touch()


@flow
def ask(folder: str) -> None:
    """Suspended once, it goes on in another process."""
    once(folder)
    suspend_flow_run(timeout=600, key="once")
    with (Path(folder) / "after").open("a") as file:
        file.write(f"{os.getpid()}\n")


@task(persist_result=True)
def once(folder: str) -> int:
    with (Path(folder) / "before").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return 1


@flow
def fail_first(folder: str) -> None:
    """Its step fails once, and the run itself fails until there is a file `mended`."""
    attempt(folder)
    if not (Path(folder) / "mended").exists():
        raise ValueError("not mended yet")


@task(retries=1)
def attempt(folder: str) -> None:
    with (Path(folder) / "attempts").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if len((Path(folder) / "attempts").read_text().splitlines()) < 2:
        raise ValueError("the first one fails")


@task
def plain() -> None:
    """As many retries as the environment says when it is defined."""
