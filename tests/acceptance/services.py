"""The services of the installation, their environments and branches."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from sandbox import seed, service_file
from sandbox.prefect_api import Json
from sandbox.serving import Server
from sandbox.world import World
from tests.ssh_keys import Keys

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
SOAKED = "soaked"  # as trial, and before the next one
SOAKED_LIVE = "soaked-live"  # an environment that opens when the one before was healthy for long
DOUBTED = "doubted"  # as undone, with a gate
ALONE = (TRIAL, HALTED, UNDONE, LOST, PLAIN, TIMED, SOAKED, DOUBTED)
SERVICES = ("books", "refused", "brief", CREW, SEALED, RACE, ASKED, SIGNED, HELD, *ALONE)


class Services:
    """`books` has a gate; `refused` and `brief` have one on a branch that nobody writes to, the
    latter expires at once; `crew` asks several people, on a branch of its own, and `sealed` one who
    signs; `trial` has no gate and an environment of its own.
    """

    world: World
    keys: Keys

    def add_services(self) -> None:
        self._add_branches()
        books = self._service("books")
        self._write("books", books | {"gitops": books["gitops"] | {"webhooks": ["hook", "away"]}})
        notify = {"to": ["team", "nobody"], "about": ["failed"]}
        refused = self._service("refused") | {"notify": notify}
        self._write("refused", self._on_branch(refused, QUIET))
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
        self.doubted()
        self._write(SOAKED, self._soaked())

    def front(self, environment: str) -> Server:
        """The server in front of an environment's pods."""
        return self.world.cluster._fronts[f"books-api-{environment}"]

    def answers(self, environment: str) -> str:
        """The version that answers in an environment now."""
        reply = httpx.get(f"{self.front(environment).url}/books", trust_env=False)
        return str(reply.headers["X-Version"])

    def service_file(self, name: str) -> Path:
        return self.world.home / "services" / f"{name}.yaml"

    def _write(self, name: str, service: Json) -> None:
        self.service_file(name).parent.mkdir(exist_ok=True)
        with self.service_file(name).open("w") as file:
            yaml().dump(service, file)

    def _service(self, name: str, **gate: Any) -> Json:
        """The sample service, quick to be sure of anything."""
        service = deepcopy(service_file.service(self.world, **gate))
        service["service"] = name
        # They share a repository and its tags, so one of them alone writes into the release pages.
        service["github"] = {"deployments": True, "statuses": True, "proof": name == "books"}
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

    def doubted(self, **application: str) -> None:
        """Write the file of `doubted`, whose people are asked where nothing is known."""
        service = self._alone(DOUBTED, **application)
        service["environments"][0]["on_failure"] = "rollback"
        service["environments"][0]["gate"] = {"approvers": ["ana@example.com"]}
        self._write(DOUBTED, service)

    def _soaked(self) -> Json:
        service = self._alone(SOAKED)
        live = deepcopy(self._service(SOAKED)["environments"][1])
        del live["require"]  # the first version was made by hand
        live |= {
            "name": SOAKED_LIVE,
            "after": [SOAKED],
            "gate": {"soak": "45s"},
        }  # far longer than a run takes to begin
        live["application"] |= {"name": f"books-api-{SOAKED_LIVE}"}
        live["smoke"]["url"] = f"{self.front(SOAKED_LIVE).url}/books"
        service["environments"].append(live)
        return service

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
        manifest = yaml().load(git.read(seed.GITOPS, "apps/production/books-api.yaml"))
        for name in ALONE:
            self._expose(manifest, name, branch=name, values="values-staging.yaml")
        self._expose(manifest, SOAKED_LIVE, branch=SOAKED, values="values-production.yaml")

    def _expose(self, manifest: Json, name: str, branch: str, values: str) -> None:
        self.world.cluster.expose(f"books-api-{name}")
        self.world.argocd.add(self._application(deepcopy(manifest), name, branch, values))

    @staticmethod
    def _application(manifest: Json, name: str, branch: str, values: str) -> Json:
        manifest["metadata"]["name"] = f"books-api-{name}"
        spec = manifest["spec"]
        spec["destination"]["namespace"] = f"books-api-{name}"
        source = spec.get("source") or spec["sources"][0]
        source["targetRevision"] = branch
        source["helm"]["valueFiles"] = [values]
        return manifest


def yaml() -> YAML:
    """A reader and writer of plain files."""
    return YAML(typ="safe", pure=True)
