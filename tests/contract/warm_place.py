"""A warm worker at work: a Prefect server on PostgreSQL that wants a password, a pool, a worker."""

import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest

from sandbox.prefect_api import Json, PrefectApi, ended
from sandbox.processes import PrefectServer, Process, bare_environment
from sandbox.serving import free_port
from tests.acceptance.postgres import postgres
from tests.acceptance.prefect_command import prefect
from tests.contract import processes, warm_flows

ROOT = Path(__file__).parents[2]
POOL = "warm"
LOGIN = ("slipway", "warm-secret")
FLOWS = (warm_flows.tell, warm_flows.wait, warm_flows.ask, warm_flows.fail_first)
PATIENCE = 60.0  # seconds
until = partial(processes.until, seconds=PATIENCE)
NEVER = "600"  # seconds between two looks: what runs was noticed by its event


class Warm:
    """Deployments of the flows above, and a worker for them."""

    def __init__(self, home: Path, database: str) -> None:
        self.home, self.logs = home, home / "logs"
        more = {
            "PREFECT_API_DATABASE_CONNECTION_URL": database,
            "PREFECT_SERVER_API_AUTH_STRING": ":".join(LOGIN),
        }
        self.server = PrefectServer(home / "prefect", free_port(), self.logs, more)
        self.api = PrefectApi(self.server.url, LOGIN)
        self.worker = self.new_worker("worker")

    def __enter__(self) -> Self:
        try:
            self.server.start()
            self.server.wait_until_ready()
            prefect(self.env, "work-pool", "create", POOL, "--type", "warm", folder=self.home)
            for flow in FLOWS:
                self.deploy(flow.name, f"tests.contract.warm_flows.{flow.fn.__name__}")
            self.worker.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.server.stop()
        self.api.close()

    def new_worker(self, name: str, **environment: str) -> Process:
        """A worker of the pool, which runs five at once."""
        start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
        start += ["--type", "warm", "--name", name, "--limit", "5"]
        return Process(name, start, {**self.env, **environment}, self.logs)

    @contextlib.contextmanager
    def instead(self, name: str, **environment: str) -> Iterator[Process]:
        """Another worker in the place of the one there is."""
        other = self.new_worker(name, **environment)
        self.worker.stop()
        other.start()
        try:
            yield other
        finally:
            other.stop()
            self.worker.start()

    @property
    def env(self) -> dict[str, str]:
        return {
            **bare_environment(),
            **self.server.client_env,
            "PREFECT_API_AUTH_STRING": ":".join(LOGIN),
            "PYTHONPATH": str(ROOT),
            "PREFECT_WORKER_QUERY_SECONDS": NEVER,
            "PREFECT_LOCAL_STORAGE_PATH": str(self.home / "results"),
            "PREFECT_LOGGING_LEVEL": "INFO",
            "TZ": "UTC",
        }

    def deploy(self, name: str, entrypoint: str, **more: Any) -> None:
        self.api.deploy(f"{name}/warm", entrypoint, POOL, **more)

    def start(self, flow: str, folder: Path, env: Mapping[str, str] | None = None) -> str:
        """Create a run of a flow; its id."""
        found = self.api.deployment(f"{flow}/warm")
        assert found
        body = {"parameters": {"folder": str(folder)}, "job_variables": {"env": dict(env or {})}}
        return str(self.api.call("POST", f"/deployments/{found['id']}/create_flow_run", body)["id"])

    def ended(self, run: str) -> Json:
        return self.api.wait(run, ended, PATIENCE)

    def facts(self, folder: Path, env: Mapping[str, str] | None = None) -> Json:
        """What a run of `tell` says of itself."""
        run = self.ended(self.start("tell", folder, env))
        assert run["state_type"] == "COMPLETED", run["state"]
        return dict(json.loads((folder / "facts").read_text()), id=run["id"])

    def running(self, folder: Path) -> tuple[str, int]:
        """A run of `wait` that has begun: its id, and that of its process."""
        run = self.start("wait", folder)
        return run, int(until(lambda: read(folder / "pid")))

    def launcher(self, run: str) -> int:
        """The process that the worker knows the run by."""
        return int(until(lambda: str(self.api.run(run)["infrastructure_pid"] or "")))

    def fork_server(self, worker: Process | None = None) -> int:
        """The fork server that a worker started last."""
        ours = (worker or self.worker).pid

        def found() -> str:
            mine = [pid for pid in children(ours) if b"workers.fork_server" in command(pid)]
            return str(max(mine, default=""))

        return int(until(found))


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def children(parent: int) -> list[int]:
    """Processes of a parent, whatever their state."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found


def command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with postgres() as database, Warm(tmp_path_factory.mktemp("warm"), database) as ready:
        yield ready


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A copy of what a worker runs, to be changed."""
    copied = tmp_path / "code"
    for package in ("workers", "flows", "tasks", "slipway"):
        shutil.copytree(ROOT / package, copied / package)
    (copied / "tests" / "contract").mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "tests/contract/warm_flows.py", copied / "tests/contract/warm_flows.py")
    return copied
