"""Children that end with their parent, and the two a delivery needs: Prefect server and runner."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Linux: the kernel ends the child when the parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Process:
    """One child in its own process group, its output in a log file."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], logs: Path) -> None:
        self.name, self.command, self.env = name, command, dict(env)
        self.log = logs / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509  # no threads run Python code in the child
            )

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._child.pid

    def ended(self) -> bool:
        return self._child is not None and self._child.poll() is not None

    def stop(self, grace: float = 5.0) -> None:
        """Ask the group to end; make it end after `grace` seconds."""
        if self._child is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(grace)
        self.kill()

    def kill(self) -> None:
        """End the whole group at once."""
        self._signal(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def tail(self, lines: int = 15) -> str:
        """The end of the log, for a message about a process that failed."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


class PrefectServer(Process):
    """A Prefect server on loopback, with its database under `home` unless `more` names another."""

    def __init__(
        self, home: Path, port: int, logs: Path, more: Mapping[str, str] | None = None
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.client_env = {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }
        command = [sys.executable, "-m", "prefect", "server", "start"]
        command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "WARNING"]
        env = {
            **bare_environment(),
            **self.client_env,
            "PREFECT_SERVER_UI_API_URL": f"{self.url}/api",
            "PREFECT_SERVER_DATABASE_TIMEOUT": "60",  # SQLite has one writer: wait for it
            "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_LOOP_SECONDS": "1",
            # A restart of the server does not forget who has the turn.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
                "prefect.server.concurrency.lease_storage.filesystem"
            ),
            **(more or {}),
        }
        super().__init__("prefect-server", command, env, logs)

    def __enter__(self) -> Self:
        """Started, and ready to be asked."""
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_ready(self, seconds: float = 240.0) -> None:
        """Raises RuntimeError with the log's end when the server ends or does not answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.ended():
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/api/health", trust_env=False).is_success:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"the Prefect server did not start:\n{self.tail()}")


class Runner(Process):
    """`python -m flows.serve`: the process that executes flow runs."""

    def __init__(self, server: PrefectServer, settings: Mapping[str, str], logs: Path) -> None:
        env = {
            **bare_environment(),
            **server.client_env,
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # as deployments/prefect.yaml has it
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "PREFECT_LOGGING_LEVEL": "INFO",
            **settings,
        }
        super().__init__("runner", [sys.executable, "-m", "flows.serve"], env, logs)


def bare_environment() -> dict[str, str]:
    """The caller's environment without anything that would steer Prefect or the product."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PREFECT_", "SLIPWAY_"))
    }
