"""The same installation with PostgreSQL and a warm worker, whose runs are forked."""

import sys
from pathlib import Path

from sandbox.processes import Process, Runner
from tests.acceptance.prefect_command import deploy_all, prefect
from tests.crash.site import Site


class WarmSite(Site):
    """Supervised as the other one; its work pool has every deployment of deployments/prefect.yaml."""

    # What stands for a run: when it goes, its forked process goes, and the other way round.
    executes = b"workers/launch.py"

    def __init__(self, home: Path, database: str) -> None:
        super().__init__(home, {"PREFECT_API_DATABASE_CONNECTION_URL": database})

    def _executor(self, logs: Path) -> Process:
        env = Runner(self.server, self.place.settings(), logs).env
        start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "slipway"]
        return Process("worker", [*start, "--type", "warm", "--limit", "5"], env, logs)

    def _before_the_first_run(self) -> None:
        prefect(self.runner.env, "work-pool", "create", "slipway", "--type", "warm")
        deploy_all(self.runner.env)
