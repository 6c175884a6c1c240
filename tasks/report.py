"""What people see in the Prefect UI: the run's name, its report and its links."""

from collections.abc import Sequence
from uuid import UUID

from prefect import get_client
from prefect.artifacts import create_link_artifact, create_markdown_artifact

from slipway.gates.rivals import version_tags
from slipway.model import Candidate, Proof
from slipway.report import delivery_report, links
from slipway.service import Service
from tasks.environment import run_id
from tasks.retries import step


@step("name run", "name {version}", timeout=30)
def name_run(service: Service, version: str, environment: str | None = None) -> None:
    """Name the run after its version, and put on the tags by which other runs find it."""
    run, goal = UUID(run_id()), f" → {environment}" if environment else ""
    with get_client(sync_client=True) as client:
        tags = {*client.read_flow_run(run).tags, *version_tags(service.service, version)}
        client.update_flow_run(run, name=f"{service.service} {version}{goal}", tags=sorted(tags))


@step("report", "report {candidate.release.version}", timeout=60)
def write_report(service: Service, candidate: Candidate, proofs: Sequence[Proof]) -> None:
    version, place = candidate.release.version, proofs[-1].environment
    create_markdown_artifact(
        key=artifact_key(service.service, "report"),
        markdown=delivery_report(service, candidate, proofs),
        description=f"{service.service} {version}, proven up to {place}",
    )
    for name, url, text in links(service, candidate, proofs):
        key = artifact_key(service.service, name)
        create_link_artifact(key=key, link=url, link_text=text, description=text)


def artifact_key(*parts: str) -> str:
    """A key in Prefect's alphabet: lower-case letters, digits and dashes."""
    return "-".join(parts).lower().replace(".", "-").replace("_", "-")
