"""What a run is called and found by, on a Prefect server of its own."""

from pathlib import Path

from prefect import flow, get_client, tags
from prefect.runtime import flow_run
from prefect.testing.utilities import prefect_test_harness

from slipway.config import read_service
from tasks.report import name_run

SERVICE = read_service(Path(__file__).parents[2] / "services", "books-api")


@flow(name="names itself")
def _names_itself() -> str:
    name_run(SERVICE, "1.2.0", "production")
    name_run.fn(SERVICE, "1.2.0", "production")  # as after a lost result
    return str(flow_run.id)


def test_a_run_carries_its_version_as_a_tag_and_keeps_those_of_others() -> None:
    with prefect_test_harness(server_startup_timeout=120):
        with tags("mine"):
            run = _names_itself()
        with get_client(sync_client=True) as client:
            found = client.read_flow_run(run)  # type: ignore[arg-type]
    assert found.name == "books-api 1.2.0 → production"
    assert found.tags.count("mine") == 1
    assert set(found.tags) == {"mine", "books-api", "version:1.2.0"}
