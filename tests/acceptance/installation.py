"""A whole installation on loopback: stand-ins, a real Prefect server, a real runner, services."""

import contextlib
import json
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sandbox import seed
from sandbox.processes import PrefectServer, Runner
from sandbox.serving import Server, free_port
from sandbox.world import World
from tests.acceptance import sentinels
from tests.acceptance.outside import Outside
from tests.acceptance.runs import PATIENCE, Runs
from tests.acceptance.services import SERVICES, Services, yaml
from tests.contract.notify_place import PASSWORD, Receiver
from tests.ssh_keys import Keys

ROOT = Path(__file__).parents[2]
PRODUCTION = "books/api/values-production.yaml"


class Installation(Services, Runs):
    """Started once for all tests; several runs may be under way at once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.world = World(home / "world")
        self.outside = Outside(self.world)
        self.logs = home / "logs"
        self.keys = Keys(home)
        self.server = PrefectServer(home / "prefect", free_port(), self.logs)
        self.told, self.team, self.hook = Receiver(), Receiver(), Receiver()
        told = {
            "SLIPWAY_GITOPS_WEBHOOKS": json.dumps(
                {"hook": f"{self.hook.page} {PASSWORD}", "away": f"http://127.0.0.1:9/{PASSWORD}"}
            ),
            "SLIPWAY_NOTIFY_URLS": self.told.url,
            "SLIPWAY_REPORT_FOLDER": str(home / "pages"),
            "SLIPWAY_NOTIFY_LISTS": json.dumps({"team": self.team.url}),
        }
        self.settings = sentinels.environment(home, {**self.world.settings(), **told})
        self.runner = Runner(self.server, self.settings, self.logs)
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
        self.add_services()
        self.server.wait_until_ready(PATIENCE)
        self.start_runner()
        for automation in yaml().load(ROOT / "deployments" / "automations.yaml")["automations"]:
            self.api.create_automation(automation)

    def stop(self) -> None:
        self.runner.stop()
        self.server.stop()
        self.world.stop()
        self.told.stop()
        self.team.stop()
        self.hook.stop()
        self.api.close()

    def start_runner(self) -> None:
        """Returns when it has registered its deployments."""
        since = datetime.now(UTC)
        served = [*(f"promote/{name}" for name in SERVICES), "reap/slipway"]
        self.runner.start()
        limit = time.monotonic() + PATIENCE
        while not all(self._ready(name, since) for name in served):
            if self.runner.ended() or time.monotonic() > limit:
                raise RuntimeError(f"the runner did not start:\n{self.runner.tail()}")
            time.sleep(0.1)
        self._stop_the_reaper()

    def _stop_the_reaper(self) -> None:
        """Crashed runs are looked at by the tests; the reaper has a scene of its own."""
        found = self.api.deployment("reap/slipway")
        assert found
        reply = self.http.post(f"/deployments/{found['id']}/pause_deployment")
        reply.raise_for_status()  # scheduled looks are gone too

    def _ready(self, deployment: str, since: datetime) -> bool:
        """A killed runner leaves its deployments ready: this one has to have written them."""
        found = self.api.deployment(deployment)
        return (
            found is not None
            and found["status"] == "READY"
            and datetime.fromisoformat(found["updated"]) > since
        )

    def children(self) -> list[str]:
        """Processes of the runner: those of the flow runs that it executes."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.runner.pid)],
            check=False,
            capture_output=True,
            text=True,
        )
        return found.stdout.split()

    def processes(self, run: str) -> list[str]:
        """Those that execute one run, and what they have started."""
        mark = f"PREFECT__FLOW_RUN_ID={run}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if mark in path.read_bytes():
                    found.append(path.parent.name)
        return found

    @property
    def registry(self) -> Server:
        return self.world.servers["registry"]

    def retry_by_command(self, run: str) -> None:
        """The same by Prefect's own command."""
        count = self.api.run(run)["run_count"]
        self.prefect("flow-run", "retry", run)
        self.taken(run, after=count)

    def prefect(self, *arguments: str) -> str:
        """What a command of Prefect prints."""
        return self.python("-m", "prefect", *arguments)

    def python(self, *arguments: str) -> str:
        """What Python prints, in the environment of the runner."""
        done = subprocess.run(
            [self.runner.command[0], *arguments],
            check=False,
            cwd=ROOT,
            env=self.runner.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def written(self, run: str) -> str:
        """Message of the run's commit for production, once there is one; then it is cancelled."""
        limit = time.monotonic() + PATIENCE
        while not (message := self.outside.message(run, "production")):
            assert time.monotonic() < limit, self.last_words(run)
            time.sleep(0.25)
        self.api.set_state(run, {"type": "CANCELLING"})
        self.ended(run)
        return message

    # Somebody else's hand

    def write_production(self, old: str, new: str) -> None:
        """Somebody edits production's values past the delivery."""
        text = self.world.git.read(seed.GITOPS, PRODUCTION)
        assert old.encode() in text
        edited = text.replace(old.encode(), new.encode())
        self.world.git.commit(seed.GITOPS, "main", {PRODUCTION: edited}, "chore: by hand\n")

    def put_back(self) -> None:
        """Production asks for the first version again."""
        log = ("log", "--reverse", "--format=%H", "main", "--", PRODUCTION)
        first = self.world.git.repositories.git(seed.GITOPS, *log).decode().split()[0]
        old = self.world.git.read(seed.GITOPS, PRODUCTION, first)
        self.world.git.commit(seed.GITOPS, "main", {PRODUCTION: old}, "chore: back to 1.0.0\n")
