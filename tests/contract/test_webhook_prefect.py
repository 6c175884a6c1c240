"""`slipway webhook` as a process, before a real Prefect server: one run for one push, always."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from ruamel.yaml import YAML

from sandbox.prefect_api import Json, PrefectApi
from sandbox.processes import PrefectServer, Process
from sandbox.serving import Fault, free_port
from slipway.clients.git_remote import remote_refs
from slipway.clients.prefect import Prefect
from slipway.errors import NotFound
from tests.contract.git_place import TOKEN, Desk, a_desk
from tests.contract.webhooks import deliver, push, written

SECRET = "sentinel-hook-5d10"
PATIENCE = 60.0  # seconds


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server without a runner, so that runs stay scheduled."""
    home = tmp_path_factory.mktemp("prefect")
    with PrefectServer(home, free_port(), home / "logs") as server:
        yield server


@dataclass
class Place:
    """A receiver with one service, whose repository is real."""

    desk: Desk
    server: PrefectServer
    home: Path
    port: int = field(default_factory=free_port)
    process: Process | None = None

    def start(self, prefect_url: str = "") -> None:
        env = {
            **self.server.env,
            "SLIPWAY_SERVICES": str(self.home / "services"),
            "SLIPWAY_SOURCE_TOKEN": TOKEN,
            "SLIPWAY_WEBHOOK_SECRET": SECRET,
            "SLIPWAY_WEBHOOK_FOLDER": str(self.home / "inbox"),
            **({"PREFECT_API_URL": prefect_url} if prefect_url else {}),
        }
        command = [sys.executable, "-m", "slipway.cli", "webhook", "--port", str(self.port)]
        self.process = Process("webhook", command, env, self.home)
        self.process.start()
        self.until(self.answers)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, delivery: str, **changed: Any) -> httpx.Response:
        payload = push(self.desk.url, self.desk.git("rev-parse", "main")) | changed
        return deliver(self.url, payload, SECRET, delivery=delivery)

    def waiting(self) -> int:
        return int(httpx.get(f"{self.url}/health", trust_env=False).json()["waiting"])

    def settled(self) -> None:
        self.until(lambda: self.waiting() == 0)

    def until(self, reached: Callable[[], bool]) -> None:
        limit = time.monotonic() + PATIENCE
        while not reached():
            assert time.monotonic() < limit, self.process and self.process.tail()
            time.sleep(0.05)

    def runs(self) -> list[Json]:
        with contextlib.closing(PrefectApi(self.server.url)) as api:
            return api.runs("deliver/shop")

    def add_service(self) -> None:
        (self.home / "services").mkdir()
        with (self.home / "services" / "shop.yaml").open("w") as file:
            YAML(typ="safe", pure=True).dump(written(self.desk.url.removesuffix(".git")), file)


@pytest.fixture
def place(tmp_path: Path, prefect: PrefectServer) -> Iterator[Place]:
    with a_desk(tmp_path / "git") as desk:
        found = Place(desk, prefect, tmp_path)
        found.add_service()
        _deploy(prefect)
        try:
            yield found
        finally:
            if found.process:
                found.process.stop()


def _deploy(server: PrefectServer) -> None:
    """Register `deliver/shop`; each test begins without a run of it."""
    with contextlib.closing(PrefectApi(server.url)) as api:
        flow = api.call("POST", "/flows/", {"name": "deliver"})
        body = {"name": "shop", "flow_id": flow["id"], "entrypoint": "flows.deliver.deliver"}
        api.call("POST", "/deployments/", body)
        for run in api.call("POST", "/flow_runs/filter", {}):
            api.call("DELETE", f"/flow_runs/{run['id']}")


def test_X55_X56_a_push_starts_one_run_however_often_it_is_delivered(place: Place) -> None:
    place.start()
    assert place.send("delivery-1").status_code == 202
    place.settled()
    (run,) = place.runs()
    assert run["parameters"] == {"service": "shop"}
    assert run["state_type"] == "SCHEDULED"
    assert place.send("delivery-1").json()["kept"] is False  # redelivered, or replayed
    assert place.send("delivery-2").status_code == 202  # another delivery of the same push
    place.settled()
    assert len(place.runs()) == 1
    place.desk.commit()
    place.send("delivery-3")
    place.settled()
    assert len(place.runs()) == 2


def test_X58_the_commit_is_read_again_from_the_repository(place: Place) -> None:
    place.start()
    place.send("delivery-1", after="f" * 40)  # as a late delivery has it, or a liar
    place.send("delivery-2", after="e" * 40)
    place.settled()
    assert len(place.runs()) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"ref": "refs/heads/other"},
        {"ref": "refs/tags/main"},
        {"repository": {"clone_url": "https://github.com/mallory/gitops.git"}},
    ],
)
def test_X57_what_is_not_about_the_service_starts_nothing(
    place: Place, changed: dict[str, Any]
) -> None:
    place.start()
    assert place.send("delivery-1", **changed).status_code == 202
    place.settled()
    assert place.runs() == []


def test_X53_X54_a_forged_or_oversized_event_starts_nothing(place: Place) -> None:
    place.start()
    payload = push(place.desk.url, "a" * 40)
    forged = deliver(place.url, payload, "guessed", delivery="delivery-1")
    large = deliver(place.url, payload | {"x": "y" * (26 << 20)}, SECRET, delivery="delivery-2")
    assert (forged.status_code, large.status_code) == (401, 413)
    place.send("delivery-3")
    place.settled()
    assert len(place.runs()) == 1


def test_X61_an_event_outlives_an_outage_of_prefect_and_a_kill_of_the_receiver(
    place: Place,
) -> None:
    place.start(prefect_url=f"http://127.0.0.1:{free_port()}/api")
    assert place.send("delivery-1").status_code == 202
    assert place.process
    place.until(lambda: "delivery-1 waits" in place.process.tail())
    place.process.kill()
    place.start(prefect_url=f"http://127.0.0.1:{free_port()}/api")
    assert place.send("delivery-1").json()["kept"] is False
    assert place.waiting() == 1
    place.process.stop()
    place.start()
    place.settled()
    assert len(place.runs()) == 1


def test_one_state_of_an_annotated_tag_has_one_commit_for_the_webhook_and_for_a_look(
    place: Place,
) -> None:
    tag = "refs/tags/v1.0.0"
    someone = ("-c", "user.name=Mia", "-c", "user.email=mia@example.com")
    place.desk.git(*someone, "tag", "-a", "v1.0.0", "-m", "first", "main")
    commit = place.desk.git("rev-parse", "main")
    for asked in (tag, "refs/tags/*"):
        assert remote_refs(place.desk.url, SecretStr(TOKEN), asked)[tag] == commit


def test_X61_a_repository_that_is_away_delays_the_start(place: Place) -> None:
    place.start()
    away = place.desk.server
    place.desk.server.traffic.faults.append(fault := Fault(status=503, times=-1))
    place.send("delivery-1")
    place.until(lambda: bool(away.traffic.requests))
    assert place.waiting() == 1
    away.traffic.faults.remove(fault)
    place.settled()
    assert len(place.runs()) == 1


def test_the_secret_is_nowhere(place: Place) -> None:
    place.start()
    place.send("delivery-1")
    place.settled()
    assert place.process
    arguments = Path(f"/proc/{place.process.pid}/cmdline").read_bytes()
    assert SECRET.encode() not in arguments
    for path in place.home.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_it_ends_when_it_is_asked_to(place: Place) -> None:
    place.start()
    assert place.process
    assert place.process._child
    place.process._child.send_signal(signal.SIGINT)
    assert place.process._child.wait(timeout=PATIENCE) in (0, -signal.SIGINT)


def test_without_a_secret_it_does_not_start(prefect: PrefectServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "webhook"],
        env={**prefect.env, "SLIPWAY_WEBHOOK_FOLDER": str(tmp_path)},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "SLIPWAY_WEBHOOK_SECRET is not set" in done.stdout


def test_a_deployment_that_does_not_exist_is_told(prefect: PrefectServer) -> None:
    with Prefect(f"{prefect.url}/api", None) as client, pytest.raises(NotFound) as caught:
        client.start("deliver/nowhere", {}, "a-key")
    assert "deliver/nowhere" in caught.value.message


def test_the_address_of_the_ui_is_told_and_the_event_waits(place: Place) -> None:
    place.start(prefect_url=place.server.url)  # without /api: every path answers the UI's page
    place.send("delivery-1")
    assert place.process
    place.until(lambda: "check PREFECT_API_URL" in place.process.tail())
    assert place.waiting() == 1
    place.process.stop()
    place.start()
    place.settled()
    assert len(place.runs()) == 1
