"""`python -m deployments.apply` with the files that are shipped, against a real server."""

import pytest

from sandbox.prefect_api import Json
from tests.acceptance.installation import Installation

FLOWS = ("deliver", "promote", "rollback")


@pytest.fixture(scope="module")
def deployed(site: Installation) -> dict[str, Json]:
    site.python("-m", "deployments.apply", "--blocks", "--command", "python -m prefect.engine")
    found = {}
    for flow in FLOWS:
        deployment = site.api.deployment(f"{flow}/books-api")
        assert deployment is not None
        found[flow] = deployment
    return found


@pytest.mark.parametrize("flow", FLOWS)
def test_a_deployment_names_a_module_and_pulls_nothing(
    deployed: dict[str, Json], flow: str
) -> None:
    found = deployed[flow]
    assert found["entrypoint"] == f"flows.{flow}.{flow}"
    assert not found["pull_steps"]
    assert found["path"] is None
    assert found["work_pool_name"] == "slipway"
    assert found["parameters"] == {"service": "books-api"}
    assert found["tags"] == ["books-api"]


def test_the_schedule_is_off_until_somebody_wants_it(deployed: dict[str, Json]) -> None:
    [schedule] = deployed["deliver"]["schedules"]
    assert schedule["active"] is False
    assert deployed["promote"]["schedules"] == []


@pytest.mark.usefixtures("deployed")
def test_a_new_work_pool_starts_its_runs_with_the_command(site: Installation) -> None:
    template = site.http.get("/work_pools/slipway").json()["base_job_template"]
    assert template["variables"]["properties"]["command"]["default"] == "python -m prefect.engine"
    assert template["job_configuration"]["command"] == "{{ command }}"


@pytest.mark.usefixtures("deployed")
def test_what_was_there_is_not_there_twice(site: Installation) -> None:
    before = sorted(each["name"] for each in site.api.automations())
    assert len(before) == len(set(before)) > 0
    secret = site.http.get("/block_types/slug/secret/block_documents").json()
    names = sorted(each["name"] for each in secret)
    site.python("-m", "deployments.apply", "--blocks")
    assert sorted(each["name"] for each in site.api.automations()) == before
    again = site.http.get("/block_types/slug/secret/block_documents").json()
    assert sorted(each["name"] for each in again) == names
    assert "slipway-source-token" in names


@pytest.mark.parametrize("flow", FLOWS)
def test_no_limit_stands_in_the_way_of_a_retry(deployed: dict[str, Json], flow: str) -> None:
    """Prefect's deployment limit frees its slot on suspend, and breaks retries."""
    assert deployed[flow]["concurrency_limit"] is None
    assert deployed[flow]["global_concurrency_limit"] is None


@pytest.mark.parametrize("flow", FLOWS)
def test_X11_no_parameter_is_stored_that_should_be_secret(
    deployed: dict[str, Json], flow: str
) -> None:
    properties = deployed[flow]["parameter_openapi_schema"]["properties"]
    assert "service" in properties
    assert all(each.get("format") != "password" for each in properties.values())
