"""A whole installation on loopback: stand-ins, a real Prefect server, a real runner, services."""

import subprocess
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Self

import httpx
from ruamel.yaml import YAML

from sandbox import seed
from sandbox.prefect_api import Json, PrefectApi, ended, waiting
from sandbox.processes import PrefectServer, Runner
from sandbox.serving import Server, free_port
from sandbox.world import World
from tests.acceptance.outside import Outside

ROOT = Path(__file__).parents[2]
PATIENCE = 240  # seconds; the limit of every wait, far above what any needs on an idle machine
PRODUCTION = "books/api/values-production.yaml"
ANA = {"decision": "approve", "approver": "ana@example.com", "reason": "staging looks good"}
TRIAL = "trial"  # an environment, a branch and a service of their own
QUIET = "quiet"  # a branch of the GitOps repository that nobody writes to
SERVICES = ("books", "refused", "brief", TRIAL)


class Installation:
    """Started once for all tests; several runs may be under way at once.

    Services: `books` has a gate; `refused` and `brief` have one on a branch that nobody writes to,
    the latter expires at once; `trial` has none and an environment of its own.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.world = World(home / "world")
        self.outside = Outside(self.world)
        self.logs = home / "logs"
        self.server = PrefectServer(home / "prefect", free_port(), self.logs)
        self.runner = Runner(self.server, self.world.settings(), self.logs)
        self.api = PrefectApi(self.server.url)

    def __enter__(self) -> Self:
        self.server.start()
        self.world.__enter__()
        self._add_branches()
        self._write("books", self._service("books"))
        self._write("refused", self._on_branch(self._service("refused"), QUIET))
        self._write("brief", self._on_branch(self._service("brief", expires="3s"), QUIET))
        self._write(TRIAL, self._trial())
        self.server.wait_until_ready(PATIENCE)
        self.start_runner()
        for automation in _yaml().load(ROOT / "deployments" / "automations.yaml")["automations"]:
            self.api.create_automation(automation)
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.stop()
        self.server.stop()
        self.world.stop()
        self.api.close()

    def start_runner(self) -> None:
        """Returns when it has registered its deployments."""
        self.runner.start()
        limit = time.monotonic() + PATIENCE
        while not all(map(self._ready, SERVICES)):
            if self.runner.ended() or time.monotonic() > limit:
                raise RuntimeError(f"the runner did not start:\n{self.runner.tail()}")
            time.sleep(0.1)

    def _ready(self, service: str) -> bool:
        found = self.api.deployment(f"promote/{service}")
        return found is not None and found["status"] == "READY"

    def children(self) -> list[str]:
        """Processes of the runner: those of the flow runs that it executes."""
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.runner.pid)],
            check=False,
            capture_output=True,
            text=True,
        )
        return found.stdout.split()

    # Services

    def service_file(self, name: str) -> Path:
        return self.world.home / "services" / f"{name}.yaml"

    def _write(self, name: str, service: Json) -> None:
        self.service_file(name).parent.mkdir(exist_ok=True)
        with self.service_file(name).open("w") as file:
            _yaml().dump(service, file)

    def _service(self, name: str, **gate: Any) -> Json:
        """The sample service, quick to be sure of anything."""
        service = deepcopy(self.world.service(**gate))
        service["service"] = name
        for environment in service["environments"]:
            environment["application"] |= {"settle": "1s", "grace": "5s", "timeout": "60s"}
            environment["smoke"] |= {"passes": 2, "timeout": "5s"}
        return service

    def _trial(self) -> Json:
        service = self._service(TRIAL)
        only = service["environments"][0]
        only["name"] = TRIAL
        only["application"] |= {"name": f"books-api-{TRIAL}", "sync": "manual"}
        only["smoke"]["url"] = f"{self.front(TRIAL).url}/books"
        return self._on_branch(service | {"environments": [only]}, TRIAL)

    @staticmethod
    def _on_branch(service: Json, branch: str) -> Json:
        return service | {"gitops": service["gitops"] | {"branch": branch}}

    def _add_branches(self) -> None:
        git = self.world.git
        manifest = _yaml().load(git.read(seed.GITOPS, "apps/production/books-api.yaml"))
        manifest["metadata"]["name"] = f"books-api-{TRIAL}"
        spec = manifest["spec"]
        spec["destination"]["namespace"] = f"books-api-{TRIAL}"
        source = spec.get("source") or spec["sources"][0]
        source["targetRevision"] = TRIAL
        source["helm"]["valueFiles"] = ["values-staging.yaml"]
        for branch in (TRIAL, QUIET):
            git.repositories.git(seed.GITOPS, "branch", branch, "main")
        self.world.cluster.expose(f"books-api-{TRIAL}")
        self.world.argocd.add(manifest)

    @property
    def registry(self) -> Server:
        return self.world.servers["registry"]

    def front(self, environment: str) -> Server:
        """The server in front of an environment's pods."""
        return self.world.cluster._fronts[f"books-api-{environment}"]

    # Runs

    def deliver(self, service: str) -> str:
        return self.api.start(f"deliver/{service}", {"service": service})

    def promote(self, service: str, version: str) -> str:
        parameters = {"service": service, "version": version, "environment": "production"}
        return self.api.start(f"promote/{service}", parameters)

    def until(self, run: str, reached: Callable[[Json], bool]) -> Json:
        """The run once `reached(run)` holds; it may not end in any other way."""
        try:
            found = self.api.wait(run, lambda now: reached(now) or ended(now), PATIENCE)
        except TimeoutError as late:
            raise AssertionError(f"{late}\n{self.last_words(run)}") from None
        assert reached(found), f"{found['state']}\n{self.last_words(run)}"
        return found

    def last_words(self, run: str) -> str:
        return "\n".join(self.api.logs(run)[-15:])

    def said(self, run: str, part: str) -> str:
        """The line of the run's log that holds `part`; empty when none comes. Logs lag."""
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            for line in self.api.logs(run):
                if part in line:
                    return line
            time.sleep(0.25)
        return ""

    def question(self, run: str, after: str = "") -> str:
        """Key of the question the run waits with, other than `after`, once it can be answered."""

        def asked(now: Json) -> bool:
            key = _key(now)
            return waiting(now) and key != after and bool(self.input(run, f"{key}-schema"))

        return _key(self.until(run, asked))

    def text(self, run: str, key: str) -> str:
        """The text of a question, as the form shows it."""
        return str(self.input(run, f"{key}-description"))

    def input(self, run: str, key: str) -> Any:
        """A run input; None when there is none."""
        response = self.http.get(f"/flow_runs/{run}/input/{key}")
        return response.json() if response.is_success else None

    def delete_inputs(self, run: str) -> int:
        """Delete every run input; how many there were."""
        found = self.http.post(f"/flow_runs/{run}/input/filter", json={"prefix": ""}).json()
        for each in found:
            self.http.delete(f"/flow_runs/{run}/input/{each['key']}").raise_for_status()
        return len(found)

    def approve(self, run: str, **changed: str) -> None:
        assert self.api.resume(run, {**ANA, **changed})["status"] == "ACCEPT"

    def ended(self, run: str) -> Json:
        return self.until(run, ended)

    def failed(self, run: str) -> str:
        """Message of the run's failure."""
        found = self.ended(run)
        assert found["state_type"] == "FAILED", found["state"]
        return str(found["state"]["message"])

    def retry(self, run: str, *, force: bool = False) -> None:
        """Schedule the run again by REST, and wait until the runner has taken it."""
        count = self.api.run(run)["run_count"]
        reply = self.api.retry(run, force=force)
        assert reply["status"] == "ACCEPT", reply
        self.taken(run, after=count)

    def retry_by_command(self, run: str) -> None:
        """The same by Prefect's own command."""
        count = self.api.run(run)["run_count"]
        self.prefect("flow-run", "retry", run)
        self.taken(run, after=count)

    def taken(self, run: str, after: int) -> None:
        self.api.wait(run, lambda now: now["run_count"] > after, PATIENCE)

    def prefect(self, *arguments: str) -> str:
        """What a command of Prefect prints."""
        done = subprocess.run(
            [self.runner.command[0], "-m", "prefect", *arguments],
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

    def states(self, run: str, name: str) -> list[Json]:
        """The states of that name in the run's history, oldest first."""
        found = self.http.get("/flow_run_states/", params={"flow_run_id": run}).json()
        return sorted(
            (state for state in found if state["name"] == name), key=lambda s: str(s["timestamp"])
        )

    def artifacts(self, run: str, key: str) -> list[str]:
        """The texts a run stored under a key, oldest first."""
        body = {
            "artifacts": {"flow_run_id": {"any_": [run]}, "key": {"any_": [key]}},
            "sort": "CREATED_DESC",
        }
        return [
            str(each["data"])
            for each in reversed(self.api._call("POST", "/artifacts/filter", body))
        ]

    @property
    def http(self) -> httpx.Client:
        return self.api._http

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


def _key(run: Json) -> str:
    """Key of the question in a suspended run's state."""
    inputs = run["state"]["state_details"].get("run_input_keyset") or {}
    return str(inputs.get("response", "")).removesuffix("-response")


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)
