"""A whole installation on loopback: stand-ins, a real Prefect server, a real runner, services."""

import contextlib
import subprocess
import time
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from sandbox import seed, service_file
from sandbox.prefect_api import Json
from sandbox.processes import PrefectServer, Runner
from sandbox.serving import Server, free_port
from sandbox.world import World
from tests.acceptance import sentinels
from tests.acceptance.outside import Outside
from tests.acceptance.runs import PATIENCE, Runs
from tests.contract.notify_place import Receiver
from tests.ssh_keys import Keys

ROOT = Path(__file__).parents[2]
PRODUCTION = "books/api/values-production.yaml"
TRIAL = "trial"  # an environment, a branch and a service of their own
QUIET = "quiet"  # a branch of the GitOps repository that nobody writes to
CREW = "crew"  # a branch and a service
SEALED = "sealed"  # likewise; its answers have to be signed
HALTED = "halted"  # as trial, for a run that is cancelled
UNDONE = "undone"  # as trial, with a way back when its proof fails
LOST = "lost"  # as trial, for runs whose process is killed
TIMED = "timed"  # as trial, with a window of time
PLAIN = "plain"  # as trial, and nothing happens to it
RACE = "race"  # a branch and a service
ASKED = "asked"  # likewise; answered by commands
SIGNED = "signed"  # as sealed; answered by commands
HELD = "held"  # a service on the quiet branch; held by a command
ALONE = (TRIAL, HALTED, UNDONE, LOST, PLAIN, TIMED)
SERVICES = ("books", "refused", "brief", CREW, SEALED, RACE, ASKED, SIGNED, HELD, *ALONE)


class Installation(Runs):
    """Started once for all tests; several runs may be under way at once.

    Services: `books` has a gate; `refused` and `brief` have one on a branch that nobody writes to,
    the latter expires at once; `crew` asks several people, on a branch of its own, and `sealed`
    one who signs; `trial` has no gate and an environment of its own.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.world = World(home / "world")
        self.outside = Outside(self.world)
        self.logs = home / "logs"
        self.keys = Keys(home)
        self.server = PrefectServer(home / "prefect", free_port(), self.logs)
        self.told = Receiver()
        told = {"SLIPWAY_NOTIFY_URLS": self.told.url}
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
        self._add_branches()
        self._write("books", self._service("books"))
        self._write("refused", self._on_branch(self._service("refused"), QUIET))
        self._write("brief", self._on_branch(self._service("brief", expires="3s"), QUIET))
        self.crew(("ana@example.com",))
        self.sealed(SEALED)
        self.sealed(SIGNED)
        self._write(HELD, self._on_branch(self._service(HELD), QUIET))
        self._write(TRIAL, self._alone(TRIAL))
        self._write(HALTED, self._alone(HALTED, timeout="15m"))
        self._write(LOST, self._alone(LOST, timeout="15m"))
        self._write(PLAIN, self._alone(PLAIN))
        self.timed(datetime.now(UTC))
        self._write(ASKED, self._on_branch(self._service(ASKED), ASKED))
        race = self._service(RACE)
        del race["environments"][1]["require"]  # the first version was made by hand
        self._write(RACE, self._on_branch(race, RACE))
        self.undone()
        self.server.wait_until_ready(PATIENCE)
        self.start_runner()
        for automation in _yaml().load(ROOT / "deployments" / "automations.yaml")["automations"]:
            self.api.create_automation(automation)

    def stop(self) -> None:
        self.runner.stop()
        self.server.stop()
        self.world.stop()
        self.told.stop()
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

    # Services

    def service_file(self, name: str) -> Path:
        return self.world.home / "services" / f"{name}.yaml"

    def _write(self, name: str, service: Json) -> None:
        self.service_file(name).parent.mkdir(exist_ok=True)
        with self.service_file(name).open("w") as file:
            _yaml().dump(service, file)

    def _service(self, name: str, **gate: Any) -> Json:
        """The sample service, quick to be sure of anything."""
        service = deepcopy(service_file.service(self.world, **gate))
        service["service"] = name
        service["github"] = {"deployments": True, "statuses": True}
        for environment in service["environments"]:
            environment["application"] |= {"settle": "1s", "grace": "5s", "timeout": "60s"}
            environment["smoke"] |= {"passes": 2, "timeout": "5s"}
        return service

    def sealed(self, name: str) -> None:
        """Write the file of a service where only Ana may approve, with her key."""
        signed = {
            "identity": "signature",
            "signers": [f"ana@example.com {self.keys.public('ana')}"],
        }
        service = self._service(name, approvers=["ana@example.com"], **signed)
        self._write(name, self._on_branch(service, name))

    def crew(self, approvers: Sequence[str], quorum: int = 1) -> None:
        """Write the file of `crew` with these approvers."""
        service = self._service(CREW, approvers=list(approvers), quorum=quorum)
        self._write(CREW, self._on_branch(service, CREW))

    def timed(self, opens: datetime) -> None:
        """Write the file of `timed`, whose window opens at this time of each day, for two hours."""
        service = self._alone(TIMED)
        window = {"schedule": f"{opens.minute} {opens.hour} * * *", "duration": "2h"}
        service["environments"][0]["gate"] = {"windows": {"allow": [window]}}
        self._write(TIMED, service)

    def undone(self, **application: str) -> None:
        """Write the file of `undone`, which goes back when its proof fails."""
        service = self._alone(UNDONE, **application)
        service["environments"][0]["on_failure"] = "rollback"
        self._write(UNDONE, service)

    def _alone(self, name: str, **application: str) -> Json:
        """A service without a gate, with an environment and a branch of its own."""
        service = self._service(name)
        only = service["environments"][0]
        only["name"] = name
        only["application"] |= {"name": f"books-api-{name}", "sync": "manual", **application}
        only["smoke"]["url"] = f"{self.front(name).url}/books"
        return self._on_branch(service | {"environments": [only]}, name)

    @staticmethod
    def _on_branch(service: Json, branch: str) -> Json:
        return service | {"gitops": service["gitops"] | {"branch": branch}}

    def _add_branches(self) -> None:
        git = self.world.git
        for branch in (*ALONE, QUIET, CREW, SEALED, SIGNED, RACE, ASKED):
            git.repositories.git(seed.GITOPS, "branch", branch, "main")
        manifest = _yaml().load(git.read(seed.GITOPS, "apps/production/books-api.yaml"))
        for name in ALONE:
            self.world.cluster.expose(f"books-api-{name}")
            self.world.argocd.add(self._application(deepcopy(manifest), name))

    @staticmethod
    def _application(manifest: Json, name: str) -> Json:
        manifest["metadata"]["name"] = f"books-api-{name}"
        spec = manifest["spec"]
        spec["destination"]["namespace"] = f"books-api-{name}"
        source = spec.get("source") or spec["sources"][0]
        source["targetRevision"] = name
        source["helm"]["valueFiles"] = ["values-staging.yaml"]
        return manifest

    @property
    def registry(self) -> Server:
        return self.world.servers["registry"]

    def front(self, environment: str) -> Server:
        """The server in front of an environment's pods."""
        return self.world.cluster._fronts[f"books-api-{environment}"]

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


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)
