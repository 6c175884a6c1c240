"""The installation of a larger user: PostgreSQL, a work pool, two process workers."""

import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Self

from sandbox import seed, service_file
from sandbox.processes import PrefectServer, Process, bare_environment
from sandbox.serving import free_port
from sandbox.world import World
from tests.acceptance.installation import ROOT
from tests.acceptance.outside import Outside
from tests.acceptance.prefect_command import deploy_all, prefect
from tests.acceptance.runs import PATIENCE, Runs
from tests.acceptance.services import yaml

SERVICE = "books-api"
PLACE = "staging"


class Workers(Runs):
    """One service without a gate, with one environment; deployed by deployments/prefect.yaml."""

    def __init__(self, home: Path, database: str, limit: int = 5, kind: str = "process") -> None:
        self.home, self.kind, logs = home, kind, home / "logs"
        self.world = World(home / "world")
        self.outside = Outside(self.world)
        more = {
            "PREFECT_API_DATABASE_CONNECTION_URL": database,
            "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE": "20",  # as deployments/compose.yaml
        }
        self.server = PrefectServer(home / "prefect", free_port(), logs, more)
        self.env = {
            **bare_environment(),
            **self.server.client_env,
            **self.world.settings(),
            "PYTHONPATH": str(ROOT),
            "PREFECT_LOGGING_LEVEL": "INFO",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_LOCAL_STORAGE_PATH": str(home / "results"),  # both workers have the same
        }
        start = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "slipway"]
        start += ["--type", kind, "--limit", str(limit)]
        self.workers = [
            Process(f"worker-{n}", [*start, "--name", f"worker-{n}"], self.env, logs)
            for n in (1, 2)
        ]
        super().__init__(self.server.url)

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
        self.server.start()
        self.world.__enter__()
        self._write_services()
        self.server.wait_until_ready(PATIENCE)
        prefect(self.env, "work-pool", "create", "slipway", "--type", self.kind)
        self._deploy()
        for worker in self.workers:
            worker.start()

    def _deploy(self) -> None:
        deploy_all(self.env)
        reaper = self.api.deployment("reap/slipway")
        assert reaper
        self.http.post(f"/deployments/{reaper['id']}/pause_deployment").raise_for_status()

    def _write_services(self) -> None:
        service = deepcopy(service_file.service(self.world))
        only = service["environments"][0]
        only["application"] |= {"settle": "1s", "grace": "5s", "timeout": "90s"}
        only["smoke"] |= {"passes": 2, "timeout": "20s"}
        folder = self.world.home / "services"
        folder.mkdir(exist_ok=True)
        with (folder / f"{SERVICE}.yaml").open("w") as out:
            yaml().dump(service | {"environments": [only]}, out)

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.server.stop()
        self.world.stop()
        self.api.close()

    def ask_for(self, tag: str) -> None:
        """Somebody makes the environment ask for an older version, which no run may meet again."""
        path = f"books/api/values-{PLACE}.yaml"
        text = self.world.git.read(seed.GITOPS, path).decode()
        lines = [
            f'  tag: "{tag}"' if line.strip().startswith("tag:") else
            "  digest: ''" if line.strip().startswith("digest:") else line
            for line in text.splitlines()
        ]  # fmt: skip
        new = ("\n".join(lines) + "\n").encode()
        self.world.git.commit(seed.GITOPS, "main", {path: new}, f"chore: back to {tag}\n")

    def spans(self, run: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
        """When the steps whose names begin so ran: start and end, as Prefect's rows have it."""
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            rows = [row for row in self.api.task_runs(run) if row["name"].startswith(names)]
            if rows and all(row["end_time"] for row in rows):
                return [(row["start_time"], row["end_time"]) for row in rows]
            time.sleep(0.3)
        return []
