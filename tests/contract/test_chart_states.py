"""The chart step converges from every point it is killed at: one digest, whole, under one tag."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.registry.api import Account, Registry
from sandbox.serving import Scope, served
from slipway.model import Chart, Release
from tests.contract.chart_place import ChartPlace, a_chart_place
from tests.contract.docker_engine import RegistryLogin
from tests.contract.killing import Gate, child, killed_at, request

_CHILD = """
import sys
from slipway.charts.publish import publish
from slipway.model import Release
from slipway.service import Service
from slipway.settings import load
service = Service.model_validate_json(sys.argv[1])
release = Release.model_validate_json(sys.argv[2])
print(publish(service, service.chart, release, load()).model_dump_json())
"""
_POINTS = {
    "before the source is read": ("git", "before", request("POST", "git-upload-pack")),
    "before the first blob": ("registry", "before", request("POST", "/blobs/uploads/")),
    "after the first blob": ("registry", "after", request("PUT", "/blobs/uploads/")),
    "before the manifest": ("registry", "before", request("PUT", "/manifests/")),
    "after the manifest": ("registry", "after", request("PUT", "/manifests/")),
    "before it is read back": ("registry", "after", request("GET", "/manifests/")),
}


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """Before the registry."""
    accounts = [Account("robot", "secret-word", push=("team",))]
    return Gate(Registry(tmp_path / "registry", accounts).app)


@pytest.fixture
def place(gate: Gate, tmp_path: Path) -> Iterator[ChartPlace]:
    with served(gate) as server:
        login = RegistryLogin(f"127.0.0.1:{server.port}", "robot", "secret-word")
        with a_chart_place(tmp_path, login, "team/charts") as place:
            yield place


def _start(place: ChartPlace, release: Release) -> "subprocess.Popen[str]":
    environment = {
        "SLIPWAY_SOURCE_TOKEN": "git-secret",
        "SLIPWAY_REGISTRY_USERNAME": place.login.username,
        "SLIPWAY_REGISTRY_PASSWORD": place.login.password,
        "SLIPWAY_PLAIN_HTTP_REGISTRIES": place.login.address,
    }
    told = [place.service.model_dump_json(by_alias=True), release.model_dump_json()]
    return child(_CHILD, told, environment)


def _killed(
    place: ChartPlace, release: Release, gate: Gate, moment: str, when: Callable[[Scope], bool]
) -> None:
    killed_at(gate, moment, when, lambda: _start(place, release))


@pytest.mark.parametrize("point", _POINTS)
def test_B36_a_killed_run_is_completed_by_the_next(
    place: ChartPlace, gate: Gate, point: str
) -> None:
    server, moment, when = _POINTS[point]
    release = place.commit()
    _killed(place, release, place.git_gate if server == "git" else gate, moment, when)
    chart = place.publish(release)
    found = place.stored("6.1.0")
    assert chart.digest == found.digest
    assert found.files
    assert place.publish(release).digest == chart.digest
    with place.client() as client:
        assert client.get(f"/v2/{place.name}/tags/list").json()["tags"] == ["6.1.0"]


def test_B37_two_processes_at_once_agree_on_one_digest(place: ChartPlace) -> None:
    release = place.commit()
    runs = [_start(place, release) for _ in range(2)]
    printed = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], printed
    charts = [Chart.model_validate_json(output) for output, _ in printed]
    assert {chart.digest for chart in charts} == {place.stored("6.1.0").digest}
