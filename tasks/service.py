"""Read the service file once a run: a retry goes on with what the run started with."""

from uuid import UUID

from prefect import get_client
from prefect.cache_policies import INPUTS, RUN_ID

from slipway.config import read_service as read
from slipway.errors import Final
from slipway.gates.rivals import version_of
from slipway.service import Service
from tasks.environment import run_id, settings
from tasks.retries import step


# Found again after a change of this code too: what a run began with does not depend on it.
@step("read service file", "read {name}", timeout=30, cache=INPUTS + RUN_ID)
def read_service(name: str) -> Service:
    """Raises Final where the run had read it before, and the result is not there."""
    _refuse_other_storage()
    return read(settings().services, name)


def _refuse_other_storage() -> None:
    """A run that has a version by now has read its service file long ago."""
    with get_client(sync_client=True) as client:
        tags = client.read_flow_run(UUID(run_id())).tags
    if version_of(tags):
        raise Final(
            "the results of this run's finished steps are not in the result storage of this worker",
            "let a worker go on that has the storage the run began with (docs/settings.md), or"
            " start a new run: each step finds what was done already",
        )
