"""From a commit to verified production.

Read the two functions below: they are the whole system, one step a line.
"""

from collections.abc import Sequence

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.approval import approve
from flows.naming import run_name
from slipway.model import Chart, Evidence, Image, Proof, Release
from slipway.service import Environment, Service
from tasks.build import build_image
from tasks.chart import publish_chart
from tasks.evidence import attest_image, verify_image
from tasks.gitops import update_gitops
from tasks.release import cut_release, find_release
from tasks.report import name_run, write_report
from tasks.service import read_service
from tasks.smoke import smoke_test
from tasks.sync import wait_for_sync


@flow(
    name="deliver",
    flow_run_name=run_name,
    persist_result=True,
    result_serializer="json",
)
def deliver(service: str, version: str | None = None) -> State[object]:
    """Release what is new on the branch, or take `version`, and carry it into every environment."""
    spec = read_service(service)
    release = find_release(spec, version) if version else cut_release(spec)
    if not isinstance(release, Release):
        return Completed(message=release.summary)
    name_run(spec, release.version)
    image = build_image(spec, release)
    evidence = attest_image(spec, release, image)
    chart = publish_chart(spec, release)
    proofs: list[Proof] = []
    for environment in spec.environments:
        proofs.append(carry(spec, environment, release, image, evidence, proofs, chart))
    places = ", ".join(proof.environment for proof in proofs)
    return Completed(message=f"{service} {release.version} is proven in {places}")


def carry(
    service: Service,
    environment: Environment,
    release: Release,
    image: Image,
    evidence: Evidence,
    earlier: Sequence[Proof],
    chart: Chart | None = None,
) -> Proof:
    """Bring one image into one environment, and prove it."""
    verify_image(service, environment, release, image)
    approval = approve(service, environment, release, image, evidence, earlier)
    promotion = update_gitops(service, environment, image, approval)
    sync = wait_for_sync(service, environment, image, promotion)
    smoke = smoke_test(environment, image, sync)
    proof = Proof(
        environment=environment.name,
        promotion=promotion,
        sync=sync,
        smoke=smoke,
        approval=approval,
    )
    write_report(service, release, image, evidence, [*earlier, proof], chart)
    return proof
