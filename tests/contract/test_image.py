"""deployments/Dockerfile, built by a real Docker engine on a base made of this machine's files."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.contract import python_base
from tests.contract.docker_engine import LABEL

ROOT = Path(__file__).parents[2]
TAG = "slipway-image-test:local"
pytestmark = [pytest.mark.slow, pytest.mark.docker, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def image(
    docker_engine: docker.DockerClient,
    docker_address: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("image")
    base = folder / "base.tar"
    python_base.write(base)
    docker_engine.api.import_image(str(base), repository="slipway-base", tag="test")
    context = folder / "context"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(context)], check=True)
    wheels = ("pip", "download", "--quiet", "--no-deps", "--require-hashes")
    where = ("-r", str(context / "requirements.lock"), "-d", str(context / "wheels"))
    subprocess.run([sys.executable, "-m", *wheels, *where], check=True)
    command = [
        "docker", "-H", docker_address, "build", "-q", "-t", TAG, "--label", LABEL,
        "-f", "deployments/Dockerfile", "--network", "none",
        "--build-arg", "BASE=slipway-base:test", "--build-arg", "PIP_NO_INDEX=1", ".",
    ]  # fmt: skip
    done = subprocess.run(command, check=False, cwd=context, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    yield TAG
    docker_engine.images.remove(TAG, force=True)
    docker_engine.images.remove("slipway-base:test", force=True)


def run(engine: docker.DockerClient, image: str, *command: str) -> str:
    """What a command prints in the image, as deployments/compose.yaml would run it."""
    out: bytes = engine.containers.run(
        image, list(command), remove=True, read_only=True, tmpfs={"/tmp": ""}, network_mode="none",
        cap_drop=["ALL"], security_opt=["no-new-privileges:true"], labels=[LABEL],
    )  # fmt: skip
    return out.decode()


def test_X68_it_runs_as_nobody_on_a_read_only_disk(
    image: str, docker_engine: docker.DockerClient
) -> None:
    assert run(docker_engine, image, "id", "-u").strip() == "10001"
    assert "From a commit to verified production" in run(docker_engine, image, "slipway", "--help")
    assert "books-api: ok" in run(docker_engine, image, "slipway", "check", "--offline")


def test_a_worker_of_either_type_can_be_started(
    image: str, docker_engine: docker.DockerClient
) -> None:
    code = "from prefect.plugins import load_prefect_collections as load; load()\n"
    code += "from prefect.workers.base import BaseWorker\n"
    code += "print(*BaseWorker.get_all_available_worker_types())"
    assert {"process", "warm"} <= set(run(docker_engine, image, "python", "-c", code).split())


def test_what_a_run_imports_is_compiled(image: str, docker_engine: docker.DockerClient) -> None:
    """On a read-only disk nothing could be kept: every run would compile all of it anew."""
    code = "import importlib.util as u, pathlib\n"
    code += "for name in ('flows.deliver', 'prefect.flow_engine'):\n"
    code += "    print(pathlib.Path(u.find_spec(name).cached).exists())"
    assert run(docker_engine, image, "python", "-c", code).split() == ["True", "True"]


@pytest.mark.parametrize("module", ["flows.deliver", "flows.serve", "deployments.apply"])
def test_what_it_is_for_can_be_imported(
    image: str, docker_engine: docker.DockerClient, module: str
) -> None:
    out = run(docker_engine, image, "python", "-c", f"import {module}; print('fine')")
    assert out.endswith("fine\n")


def test_prefect_is_the_version_of_the_lock(image: str, docker_engine: docker.DockerClient) -> None:
    lock = (ROOT / "requirements.lock").read_text()
    wanted = re.search(r"^prefect==(\S+)", lock, re.MULTILINE)
    assert wanted
    assert run(docker_engine, image, "prefect", "--version").strip() == wanted[1]


def test_X68_X69_it_holds_the_product_and_nothing_that_builds(
    image: str, docker_engine: docker.DockerClient
) -> None:
    there = run(docker_engine, image, "ls", "-a", "/app").split()
    assert sorted(set(there) - {".", ".."}) == ["deployments", "services"]
    programs = run(docker_engine, image, "ls", "/opt/slipway/bin").split()
    assert not {"pip", "pip3", "uv", "uv-build"} & set(programs)
    assert run(docker_engine, image, "find", "/app", "-name", "*.env").strip() == ""
