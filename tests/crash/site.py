"""An installation under a supervisor: whatever is killed is started again, as systemd would."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Self

import httpx
from ruamel.yaml import YAML

from sandbox import seed, service_file
from sandbox.processes import PrefectServer, Process, Runner
from sandbox.serving import free_port
from tests.acceptance.runs import Runs
from tests.crash.moments import PAUSE
from tests.crash.place import STAND_INS, Place
from tests.crash.watch import Watcher

_PATIENCE = 120.0  # seconds; the limit of every wait for a process
_PAUSE = 30.0  # seconds


class Site(Runs):
    """Stand-ins, Prefect server and runner; one delivery at a time."""

    executes = b"prefect.engine"  # part of the command of a process that executes a run

    def __init__(self, home: Path, more: Mapping[str, str] | None = None) -> None:
        self.place = Place(home)
        self.watcher = Watcher(home)
        logs = home / "logs"
        self.server = PrefectServer(home / "prefect", free_port(), logs, more)
        self.runner = self._executor(logs)
        self.parts: dict[str, Process] = {
            "server": self.server,
            **{name: self.place.stand_in(name) for name in STAND_INS},
            "runner": self.runner,
        }
        self.storage = home / "prefect" / "storage"
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)
        super().__init__(self.server.url)

    def _executor(self, logs: Path) -> Process:
        return Runner(self.server, self.place.settings(), logs)

    def _before_the_first_run(self) -> None:
        """What the server has to know already; a runner tells it by itself."""

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> None:
        self.place.seed_repositories()
        self._write_service()
        for name in ("server", *STAND_INS):
            self.parts[name].start()
        self.until_answers("registry")
        self.place.seed_image()
        self.until_answers("engine")
        self.place.sync_production()
        self.server.wait_until_ready()
        self._before_the_first_run()
        self.runner.start()
        self._supervisor.start()
        self._until(lambda: self.api.deployment("deliver/books-api") is not None, "runner")

    def stop(self) -> None:
        self._stopping.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for pid in self.flows():
            _kill(pid)
        for process in reversed(self.parts.values()):
            process.stop()
        self.watcher.stop()
        self.api.close()

    def _write_service(self) -> None:
        """The sample service, quick to be sure of anything."""
        service = deepcopy(service_file.service(self.place))  # type: ignore[arg-type]
        for environment in service["environments"]:
            environment["application"] |= {"settle": "1s", "grace": "5s", "timeout": "90s"}
            environment["smoke"] |= {"passes": 2, "timeout": "5s"}
        folder = self.place.home / "services"
        folder.mkdir(exist_ok=True)
        with (folder / "books-api.yaml").open("w") as file:
            YAML(typ="safe", pure=True).dump(service, file)

    def until_answers(self, name: str) -> None:
        self._until(lambda: self.place.answers(name), name)

    def _until(self, reached: Callable[[], bool], name: str) -> None:
        limit = time.monotonic() + _PATIENCE
        while not reached():
            if time.monotonic() > limit:
                raise RuntimeError(f"{name} did not start:\n{self.parts[name].tail()}")
            time.sleep(0.05)

    # Death and resurrection

    def _supervise(self) -> None:
        while not self._stopping.wait(0.05):
            for name, process in self.parts.items():
                if process.ended() and (name != "runner" or self._server_answers()):
                    with self._lock:
                        process.start()

    def _server_answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            health = f"{self.server.url}/api/health"
            return httpx.get(health, trust_env=False, timeout=5).is_success
        return False

    def kill(self, target: str) -> bool:
        """SIGKILL; False when there was nothing to kill."""
        if target == PAUSE:
            return self._pause()
        with self._lock:
            flows = self.flows() if target in ("flow", "worker") else []
            killed = [_kill(pid) for pid in flows]
            if target == "runner":
                killed.append(not self.runner.ended() and _kill(self.runner.pid))
            elif target != "flow":
                killed.append(self._kill_part("runner" if target == "worker" else target))
            return any(killed)

    def _kill_part(self, name: str) -> bool:
        """A process with all that it has started."""
        alive = not self.parts[name].ended()
        self.parts[name].kill()
        return alive

    def _pause(self) -> bool:
        """The Prefect server answers nobody for a while, and is the same afterwards."""
        group = self.server.pid
        os.killpg(group, signal.SIGSTOP)
        threading.Timer(_PAUSE, os.killpg, (group, signal.SIGCONT)).start()
        return True

    def flows(self) -> list[int]:
        """The processes that execute a run: children of a runner, living or not."""
        home = f"PREFECT_HOME={self.place.home / 'prefect'}\0"
        marks = (home.encode(), b"PREFECT__DEPLOYMENT_NAME=books-api\0")  # not the reaper's
        found = []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                known = (path / "environ").read_bytes()
                executes = self.executes in (path / "cmdline").read_bytes()
                if executes and all(mark in known for mark in marks):
                    found.append(int(path.name))
        return found

    # The team

    def next_change(self) -> None:
        """Something new to release."""
        seed.next_change(self.place.git, seed.next_number(self.place.git))

    def results(self) -> int:
        """How many results are stored."""
        with contextlib.suppress(OSError):
            return sum(1 for _ in self.storage.iterdir())
        return 0


def _kill(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False
