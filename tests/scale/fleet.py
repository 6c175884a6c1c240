"""Many services of one repository, deployed from one GitOps repository, run by two workers."""

from copy import deepcopy
from pathlib import Path

from ruamel.yaml import YAML

from sandbox import changes, first_image, seed, service_file
from sandbox.prefect_api import Json
from sandbox.world import REGISTRY_ACCOUNT
from tests.acceptance.workers import Workers

FILES = ("server.py", "books.json", "package.json")
OLD, NEW = "1.0.0", "1.1.0"


class Fleet(Workers):
    """So many services; each has a folder, tags, an image, a values file and an application."""

    def __init__(
        self,
        home: Path,
        database: str,
        services: int,
        limit: int,
        kind: str = "process",
        variables: Json | None = None,
    ) -> None:
        self.variables = variables or {}  # of each run's process
        self.names = [f"svc-{number:02}" for number in range(1, services + 1)]
        super().__init__(home, database, limit, kind)

    def _write_services(self) -> None:
        self._seed()
        folder = self.world.home / "services"
        folder.mkdir(exist_ok=True)
        for name in self.names:
            self.world.cluster.expose(name)
            self.world.argocd.add(self._application(name))
            with (folder / f"{name}.yaml").open("w") as out:
                YAML(typ="safe", pure=True).dump(self._service(name), out)

    def _seed(self) -> None:
        """Every service is released as 1.0.0; then one commit changes all of them."""
        git, repositories = self.world.git, self.world.git.repositories
        original = {file: changes.original(file) for file in FILES}
        copies = {f"{name}/{file}": text for name in self.names for file, text in original.items()}
        first = git.commit(seed.APPLICATION, "main", copies, "feat: one folder for each service")
        for name in self.names:
            repositories.git(seed.APPLICATION, "tag", f"{name}-v{OLD}", first)
            first_image.push(self.image(name), REGISTRY_ACCOUNT, OLD, original, first)
        titles = original["books.json"].replace(b"[", b'[\n  {"id": 99, "title": "Nada"},', 1)
        changed = {f"{name}/books.json": titles for name in self.names}
        git.commit(seed.APPLICATION, "main", changed, "feat: one more title everywhere")
        values = git.read(seed.GITOPS, "books/api/values-staging.yaml").decode()
        old = self.world.repository
        files = {
            self.values(name): values.replace(old, self.image(name)).encode() for name in self.names
        }
        git.commit(seed.GITOPS, "main", files, "chore: values of every service")

    @staticmethod
    def values(name: str) -> str:
        """Path of a service's values file."""
        return f"books/api/values-{name}.yaml"

    def _application(self, name: str) -> Json:
        manifest = YAML(typ="safe", pure=True).load(
            self.world.git.read(seed.GITOPS, "apps/staging/books-api.yaml")
        )
        manifest["metadata"]["name"] = name
        manifest["spec"]["destination"]["namespace"] = name
        manifest["spec"]["source"]["helm"]["valueFiles"] = [f"values-{name}.yaml"]
        return dict(manifest)

    def _service(self, name: str) -> Json:
        service = deepcopy(service_file.service(self.world))
        del service["chart"]
        only = service["environments"][0]
        for update in only["updates"]:
            update["file"] = self.values(name)
        only["application"] |= {"name": name, "settle": "1s", "timeout": "10m"}
        front = self.world.cluster._fronts[name]
        only["smoke"] |= {"url": f"{front.url}/books", "passes": 2, "timeout": "60s"}
        return service | {
            "service": name,
            "source": {**service["source"], "path": name},
            "release": {"mode": "commit", "tag_format": f"{name}-v{{version}}"},
            "image": {**service["image"], "repository": self.image(name)},
            "environments": [only],
        }

    def image(self, name: str) -> str:
        return f"{self.world.registry_name}/parraletz/{name}"

    def _deploy(self) -> None:
        """One deployment for each service, as deployments/prefect.yaml has it for one."""
        for name in self.names:
            more = {"parameters": {"service": name}, "job_variables": self.variables}
            self.api.deploy(f"deliver/{name}", "flows.deliver.deliver", "slipway", **more)
