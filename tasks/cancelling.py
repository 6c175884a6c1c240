"""Say what a cancelled run has left: outside of any step, for the run's own process is gone."""

import threading
from uuid import UUID

from prefect import get_client
from prefect.client.schemas.actions import ArtifactCreate

from slipway import left
from slipway.config import read_service
from slipway.errors import SlipwayError
from slipway.survey import survey
from tasks.environment import settings
from tasks.report import artifact_key

LONGEST = 60.0  # seconds; the run stays Cancelling until then


def what_is_left(service: str, run: str) -> str:
    """One sentence an environment; or why that cannot be told."""
    answer: list[str] = []
    # A server that does not answer must not keep the run from being cancelled.
    looking = threading.Thread(target=lambda: answer.append(_look(service, run)), daemon=True)
    looking.start()
    looking.join(LONGEST)
    return answer[0] if answer else f"what is left could not be read: slipway status {service}"


def _look(service: str, run: str) -> str:
    try:
        known = settings()
        return left.text(survey(read_service(known.services, service), run, known))
    except SlipwayError as error:
        return f"{service}: what is left cannot be told: {error.message}\nask: slipway status"


def write_left(service: str, run: str, name: str, sentences: str) -> None:
    """The run's artifact; written by the client, for outside of a run there is no other way."""
    artifact = ArtifactCreate(
        key=artifact_key(service, "left"),
        type="markdown",
        data=left.document(name, sentences),
        description=f"{name} was cancelled: what is done, and what is left",
        flow_run_id=UUID(run),
    )
    with get_client(sync_client=True) as client:
        client.create_artifact(artifact)
