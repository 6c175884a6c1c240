"""The files that larger installations begin with: what they promise, and that they can be read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lightkube import codecs
from ruamel.yaml import YAML

from slipway.settings import PrefectAccess, Settings

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = ROOT / "deployments"
DOCKERFILE = (DEPLOYMENTS / "Dockerfile").read_text()
OURS = ("server", "apply", "worker", "webhook")


def loaded(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(DEPLOYMENTS / name)


COMPOSE = loaded("compose.yaml")


@pytest.mark.parametrize("service", OURS)
def test_X68_a_container_of_ours_is_no_root_and_writes_to_its_volumes_only(service: str) -> None:
    container = COMPOSE["services"][service]
    assert container["user"] == "10001:10001"
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]


def test_X68_the_image_s_user_is_no_root_and_its_last_stage_builds_nothing() -> None:
    *_, last = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "pip" not in last
    assert "--without-pip" in DOCKERFILE
    assert "uninstall --yes uv-build" in DOCKERFILE


def test_X67_the_image_installs_what_the_lock_names_by_hash() -> None:
    assert "--no-deps --require-hashes" in " ".join(DOCKERFILE.replace("\\", " ").split())
    assert "requirements.lock" in DOCKERFILE


def test_X69_nothing_but_the_product_goes_into_the_image() -> None:
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()} - {"wheel[s]"}
    assert all((ROOT / source).exists() for source in sources)
    assert {source.partition("/")[0] for source in sources} == {
        "requirements.lock", "pyproject.toml", "README.md", "LICENSE",
        "flows", "tasks", "slipway", "workers", "deployments", "services",
    }  # fmt: skip
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert "*" in ignored
    assert not {"!sandbox", "!tests"} & set(ignored)


def test_every_image_has_a_version() -> None:
    base = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert base
    images = [base[1], *(each["image"] for each in COMPOSE["services"].values())]
    for image in images:
        assert ":" in image
        assert not image.endswith(":latest")


def test_no_secret_has_a_default() -> None:
    text = (DEPLOYMENTS / "compose.yaml").read_text()
    for name in ("POSTGRES_PASSWORD", "PREFECT_AUTH"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_the_clients_of_the_server_know_its_address_and_password() -> None:
    known = {f"PREFECT_{name.upper()}" for name in PrefectAccess.model_fields}
    for service in ("apply", "worker", "webhook"):
        assert set(COMPOSE["services"][service]["environment"]) == known


def test_what_the_image_sets_are_settings() -> None:
    names = set(re.findall(r"(SLIPWAY_\w+)=", DOCKERFILE))
    assert names <= {f"SLIPWAY_{name.upper()}" for name in Settings.model_fields}


def test_kubernetes_takes_the_objects_for_what_they_are() -> None:
    found = codecs.load_all_yaml((DEPLOYMENTS / "kubernetes" / "rbac.yaml").read_text())
    kinds = [type(each).__name__ for each in found]
    assert kinds.count("ServiceAccount") == 2
    assert "PersistentVolumeClaim" in kinds


def test_a_run_in_kubernetes_is_no_root_and_has_its_settings_from_a_secret() -> None:
    values = loaded("kubernetes/worker-values.yaml")["worker"]
    template = json.loads(values["config"]["baseJobTemplate"]["configuration"])
    job = template["job_configuration"]["job_manifest"]
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["envFrom"] == [{"secretRef": {"name": "slipway"}}]
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    assert used == set(template["variables"]["properties"])
    assert values["containerSecurityContext"]["runAsNonRoot"] is True
