"""Helm itself renders the chart that a new service starts with, in every environment."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from slipway.config import parse_service
from slipway.layout import layout
from slipway.layout.service_file import New, service_file
from slipway.manifests.edits import compute
from slipway.service import Service
from tests.unit.manifests_editing import BASE, DIGEST, IMAGE

needs_helm = pytest.mark.skipif(shutil.which("helm") is None, reason="needs Helm")


def a_service(name: str) -> Service:
    known = New(
        name, "https://github.com/acme/x", "ghcr.io/acme/x", "https://github.com/acme/gitops",
        ["staging", "production"], [], "argocd",
    )  # fmt: skip
    return parse_service(service_file(known), "x.yaml", name)


def rendered(files: dict[str, bytes], folder: Path, home: Path, values: str) -> list[Any]:
    for path, text in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(text)
    for command in (["lint", "--strict"], ["template", "--name-template", "name"]):
        done = subprocess.run(
            ["helm", *command, str(folder), "-f", str(home / values)],
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            check=True,
            capture_output=True,
            text=True,
        )
    return list(yaml.safe_load_all(done.stdout))


@needs_helm
@pytest.mark.parametrize("name", ["books", "10", "on"])
@pytest.mark.parametrize("environment", [0, 1])
def test_what_a_delivery_writes_is_what_the_chart_runs(
    name: str, environment: int, tmp_path: Path
) -> None:
    service = a_service(name)
    files = {path: text.encode() for path, text in layout(service).seeds.items()}
    files |= compute(service.environments[environment], IMAGE, files, BASE).files
    values = service.environments[environment].updates[0].file
    objects = rendered(files, tmp_path / name, tmp_path, values)
    found = {each["kind"]: each for each in objects}
    [container] = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"ghcr.io/acme/x:2.0.0@{DIGEST}"
    labels = found["Deployment"]["spec"]["selector"]["matchLabels"]
    assert labels == found["Service"]["spec"]["selector"]
    assert labels["app.kubernetes.io/name"] == name
