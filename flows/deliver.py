"""From a commit to verified production.

Read the two functions below: they are the whole system, one step a line.
"""

from collections.abc import Sequence

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.approval import approve, is_asked
from flows.cancelling import say_what_is_left
from flows.ending import delivered, ends
from flows.failing import failure_kept
from flows.naming import run_name
from flows.showing import shown_at_github
from flows.turn import one_change
from flows.undo import finish_rollback, undone_on_failure
from flows.waiting import wait_until_open
from slipway.model import Candidate, Proof, Release
from slipway.service import Environment, Service
from tasks.build import build_image
from tasks.chart import publish_chart
from tasks.evidence import attest_image, verify_image
from tasks.gitops import update_gitops
from tasks.ledger import keep_proof
from tasks.release import cut_release, find_release
from tasks.report import name_run, write_report
from tasks.rivals import give_way
from tasks.service import read_service
from tasks.show import show_proof
from tasks.smoke import smoke_test
from tasks.sync import examine_environments, wait_for_sync


@flow(
    name="deliver",
    flow_run_name=run_name,
    persist_result=True,
    result_serializer="json",
    on_cancellation=[say_what_is_left],
)
@ends
def deliver(service: str, version: str | None = None) -> State[object]:
    """Release what is new on the branch, or take `version`, and carry it into every environment."""
    spec = read_service(service)
    examine_environments(spec, spec.environments)
    release = find_release(spec, version) if version else cut_release(spec)
    if not isinstance(release, Release):
        return Completed(message=release.summary)
    name_run(spec, release.version)
    image = build_image(spec, release)
    evidence = attest_image(spec, release, image)
    chart = publish_chart(spec, spec.chart, release) if spec.chart else None
    candidate = Candidate(release=release, image=image, evidence=evidence, chart=chart)
    proofs: list[Proof] = []
    for environment in spec.environments:
        proofs.append(carry(spec, environment, candidate, proofs))
    return delivered(service, release.version, [proof.environment for proof in proofs])


def carry(
    service: Service,
    environment: Environment,
    candidate: Candidate,
    earlier: Sequence[Proof],
    urgent: str = "",
) -> Proof:
    """Bring one candidate into one environment, and prove it."""
    finish_rollback(service, environment)
    if environment.require:
        verify_image(service, environment, candidate.release, candidate.image)
    give_way(service, environment, candidate.image)
    if not is_asked(environment):
        wait_until_open(service, environment, candidate.image, urgent)
    approvals = approve(service, environment, candidate, earlier)
    if approvals:  # people took their time
        wait_until_open(service, environment, candidate.image, urgent)
    with one_change(service, environment):
        give_way(service, environment, candidate.image)
        promotion = update_gitops(service, environment, candidate, approvals, earlier)
        with (
            shown_at_github(service, environment, candidate.release),
            undone_on_failure(service, environment, candidate, promotion),
            failure_kept(service, environment, candidate.image),
        ):
            sync = wait_for_sync(service, environment, candidate.image, promotion)
            smoke = smoke_test(environment, candidate.image, sync)
    proof = Proof(
        environment=environment.name,
        promotion=promotion,
        sync=sync,
        smoke=smoke,
        approvals=approvals,
    )
    keep_proof(service, candidate.release, candidate.image, proof)
    show_proof(service, environment, candidate.release.version)
    write_report(service, candidate, [*earlier, proof])
    return proof
