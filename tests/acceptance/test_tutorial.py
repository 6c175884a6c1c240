"""A newcomer follows docs/tutorial.md: a second service with one file, delivered and proven."""

import json
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from sandbox import seed
from tests.acceptance.installation import ROOT, Installation

NAME = "orders"
DELIVER = "import sys; from flows.deliver import deliver; print(deliver(*sys.argv[1:], return_state=True).message)"


class Newcomer:
    """Somebody at a terminal, with a folder of service files and a clone of the GitOps repository."""

    def __init__(self, site: Installation, home: Path) -> None:
        self.site, self.home = site, home
        self.services, self.gitops = home / "services", home / "gitops"
        self.services.mkdir()
        self.env = {**site.runner.env, "SLIPWAY_SERVICES": str(self.services)}

    def types(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [self.site.runner.command[0], *arguments],
            check=False, cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=200,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def slipway(self, *arguments: str, code: int = 0) -> str:
        return self.types("-m", "slipway.cli", *arguments, code=code)

    def looks_through_the_file(self) -> None:
        """What the comments in it ask for: how it is built, and where it answers."""
        path = self.services / f"{NAME}.yaml"
        service = YAML(typ="safe", pure=True).load(path)
        service["image"] = {
            "repository": service["image"]["repository"],
            "builder": "layer",
            "layer": {
                "include": ["server.py", "books.json", "package.json"],
                "command": ["python3", "/app/server.py"],
            },
        }
        only = service["environments"][0]
        del only["application"]["project"]
        only["application"] |= {"settle": "1s"}
        only["smoke"] = {"url": f"{self.site.world.cluster.expose(self.place)}/books"}
        with path.open("w") as file:
            YAML(typ="safe", pure=True).dump(service, file)

    place = f"{NAME}-staging"  # application and namespace

    def commits_and_applies_what_is_printed(self) -> None:
        files = {
            str(path.relative_to(self.gitops)): path.read_bytes()
            for path in self.gitops.rglob("*")
            if path.is_file() and path.name != ".git"
        }
        self.site.world.git.commit(seed.GITOPS, "main", files, f"chore: {NAME} in staging")
        manifest = YAML(typ="safe", pure=True).load(self.gitops / f"apps/staging/{NAME}.yaml")
        self.site.world.argocd.add(manifest)


@pytest.fixture(scope="module")
def newcomer(
    site: Installation, delivery: object, tmp_path_factory: pytest.TempPathFactory
) -> Newcomer:
    return Newcomer(site, tmp_path_factory.mktemp("newcomer"))


def test_a_second_service_is_one_file_and_is_delivered(newcomer: Newcomer) -> None:
    world = newcomer.site.world
    said = newcomer.slipway(
        "new", NAME, "--environment", "staging",
        "--repository", f"{world.git_url}/{seed.APPLICATION}",
        "--image", f"{world.registry_name}/parraletz/{NAME}",
        "--gitops", world.gitops_url,
    )  # fmt: skip
    assert f"slipway manifests {NAME}" in said
    newcomer.looks_through_the_file()
    newcomer.slipway("manifests", NAME, "--output", str(newcomer.gitops))
    newcomer.commits_and_applies_what_is_printed()
    said = newcomer.types("-c", DELIVER, NAME, "1.1.0")
    assert f"{NAME} 1.1.0 is proven in staging" in said
    (row,) = json.loads(newcomer.slipway("status", NAME, "--json"))[NAME]
    assert (row["version"], row["proven"]) == ("1.1.0", True)
