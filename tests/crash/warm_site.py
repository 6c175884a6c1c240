"""The same installation with PostgreSQL and a warm worker, whose runs are forked."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.processes import Process, Runner
from tests.crash.site import Site

ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0  # seconds


class WarmSite(Site):
    """Supervised as the other one; its work pool has every deployment of deployments/prefect.yaml."""

    # What stands for a run: when it goes, its forked process goes, and the other way round.
    executes = b"workers/launch.py"

    def __init__(self, home: Path, database: str) -> None:
        super().__init__(home, {"PREFECT_API_DATABASE_CONNECTION_URL": database})

    def _executor(self, logs: Path) -> Process:
        env = Runner(self.server, self.place.settings(), logs).env
        start = [
            "prefect",
            "worker",
            "start",
            "--pool",
            "slipway",
            "--type",
            "warm",
            "--limit",
            "5",
        ]
        return Process("worker", [sys.executable, "-m", *start], env, logs)

    def _before_the_first_run(self) -> None:
        self._call(self.runner.env, "prefect", "work-pool", "create", "slipway", "--type", "warm")
        file = str(ROOT / "deployments" / "prefect.yaml")
        deploy = ("prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file)
        self._call(self.runner.env, *deploy)

    @staticmethod
    def _call(env: Mapping[str, str], *command: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            check=False, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=_PATIENCE,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
