"""A real Docker engine, a real buildah and a real registry, for tests that ask for them.

The engine that the machine offers is used; else root starts one and stops it. Where neither is
possible the tests are skipped, unless CI or SLIPWAY_REQUIRE_DOCKER=1 says that they must run.

Everything made in the engine carries LABEL and is removed by it. So only one test run at a time may
use an engine: a second one waits. It also keeps two engines out of one network, where the second
would delete the bridge of the first.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

import docker
import httpx
import pytest
from docker.errors import APIError, NotFound

from sandbox.serving import free_port

LABEL = "slipway-test"
REQUIRED = bool(os.environ.get("CI")) or os.environ.get("SLIPWAY_REQUIRE_DOCKER") == "1"
_FOLDER = Path(tempfile.gettempdir()) / "slipway-test-docker"  # short: it holds sockets


class RegistryLogin(NamedTuple):
    """Where a registry listens, and an account of it."""

    address: str  # host:port
    username: str
    password: str


@pytest.fixture(scope="session")
def docker_address() -> Iterator[str]:
    """Address of a Docker engine, such as unix:///var/run/docker.sock."""
    with _only_test_run():
        offered = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        if answers(offered):
            yield offered
        else:
            with _own_engine() as address:
                yield address


@pytest.fixture(scope="session")
def docker_engine(docker_address: str) -> Iterator[docker.DockerClient]:
    """A client of the engine; what carries LABEL is removed at the end."""
    client = docker.DockerClient(docker_address, timeout=60)
    try:
        yield client
        remove_labelled(client)
    finally:
        client.close()


@pytest.fixture(scope="session")
def real_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryLogin]:
    """Debian's docker-registry with one account, on loopback."""
    if not shutil.which("docker-registry") or not shutil.which("htpasswd"):
        missing("docker-registry or htpasswd (apache2-utils) is not installed")
    folder = tmp_path_factory.mktemp("docker-registry")
    registry = RegistryLogin(f"127.0.0.1:{free_port()}", "robot", "not-a-real-secret")
    _write_registry_config(folder, registry)
    command = ["docker-registry", "serve", "registry.yml"]
    with _running(command, folder, lambda: _status(registry.address) == 401):
        yield registry


@pytest.fixture(scope="session")
def buildah() -> None:
    """A buildah that can run; its builds leave nothing, so there is nothing to remove."""
    alone = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"] if os.geteuid() == 0 else []
    try:
        subprocess.run([*alone, "buildah", "--version"], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        missing(f"buildah cannot run: {error}")


def remove_labelled(client: docker.DockerClient) -> None:
    """Remove the containers and images that carry LABEL."""
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        container.remove(force=True, v=True)
    while images := [str(image.id) for image in client.images.list(filters={"label": LABEL})]:
        if not any(_removed(client, image) for image in images):
            raise RuntimeError(f"the engine keeps {', '.join(images)}")


def _removed(client: docker.DockerClient, image: str) -> bool:
    try:
        client.images.remove(image, force=True)
    except NotFound:
        return True  # it went with the image built on it
    except APIError as error:
        if error.status_code != 409:
            raise
        return False  # another one is built on it, which has to go first
    return True


@contextlib.contextmanager
def _only_test_run(seconds: float = 90) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    with Path(f"{_FOLDER}.lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    missing("another test run keeps the Docker engine")
                time.sleep(0.1)
        yield


@contextlib.contextmanager
def _own_engine() -> Iterator[str]:
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        missing("no Docker engine answers, and starting one takes root and dockerd")
    _end_leftover()
    _FOLDER.mkdir(mode=0o700)
    address = f"unix://{_FOLDER}/docker.sock"
    # Default flags otherwise: others break the network of an engine next to it.
    command = ["dockerd", "-H", address, "--data-root", f"{_FOLDER}/data"]
    command += ["--exec-root", f"{_FOLDER}/exec", "--pidfile", f"{_FOLDER}/pid"]
    try:
        with _running(command, _FOLDER, lambda: answers(address)):
            yield address
    finally:
        _remove_folder()


def _end_leftover() -> None:
    """Stop the engine that a killed test run left behind."""
    pid_file = _FOLDER / "pid"
    if pid_file.exists():
        process = Path("/proc") / pid_file.read_text().strip()
        with contextlib.suppress(FileNotFoundError):
            if (process / "comm").read_text().strip() == "dockerd":
                os.kill(int(process.name), signal.SIGTERM)
                _until(lambda: not process.exists(), 20)
    _remove_folder()


def _remove_folder() -> None:
    """With the folders in it that an engine had mounted on themselves, and left so when killed."""
    for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
        place = line.split()[1]
        if Path(place).is_relative_to(_FOLDER):
            subprocess.run(["umount", "-l", place], check=False, capture_output=True)
    shutil.rmtree(_FOLDER, ignore_errors=True)


@contextlib.contextmanager
def _running(command: list[str], folder: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run a server until the block ends; it has its own session, so Ctrl-C does not reach it."""
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
    try:
        if not _until(lambda: ready() or process.poll() is not None, 30) or not ready():
            last = log.read_text(errors="replace")[-600:]
            missing(f"{command[0]} did not start; its log ends with:\n{last}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_registry_config(folder: Path, registry: RegistryLogin) -> None:
    (folder / "registry.yml").write_text(
        "version: 0.1\n"
        "log: {level: warn}\n"
        "storage: {filesystem: {rootdirectory: ./data}, delete: {enabled: true}}\n"
        f"http: {{addr: '{registry.address}'}}\n"
        "auth: {htpasswd: {realm: registry, path: ./htpasswd}}\n"
    )
    entry = subprocess.run(
        ["htpasswd", "-niB", registry.username],  # -i: the password comes by standard input
        input=registry.password.encode(),
        capture_output=True,
        check=True,
    )
    (folder / "htpasswd").write_bytes(entry.stdout)


def answers(address: str) -> bool:
    """Whether a Docker engine does."""
    # httpx and the SDK leak their socket when nobody listens, so look first.
    path = address.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    with httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=10) as client:
        try:
            return client.get("http://engine/_ping").is_success
        except httpx.TransportError:
            return False


def _status(address: str) -> int:
    try:
        return httpx.get(f"http://{address}/v2/", timeout=5).status_code
    except httpx.TransportError:
        return 0


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def missing(reason: str) -> NoReturn:
    """Skip the test; where it must run, fail."""
    if REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
