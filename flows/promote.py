"""Carry a version that exists into one environment: after a fix, or on its own."""

from prefect import flow
from prefect.client.schemas.objects import State

from flows.cancelling import say_what_is_left
from flows.deliver import carry
from flows.ending import delivered, ends
from flows.naming import run_name
from slipway.model import Candidate
from tasks.build import find_image
from tasks.evidence import examine_image
from tasks.opening import tell_urgent
from tasks.release import find_release
from tasks.report import name_run
from tasks.service import read_service
from tasks.sync import examine_environments


@flow(
    name="promote",
    flow_run_name=run_name,
    persist_result=True,
    result_serializer="json",
    on_cancellation=[say_what_is_left],
)
@ends
def promote(
    service: str, version: str, environment: str, urgent: str | None = None
) -> State[object]:
    """Promote the released image of `version` into `environment`; nothing is released or built.

    `urgent` is a reason not to wait for soak and windows. Holds and approvals are waited for.
    """
    spec = read_service(service)
    target = spec.environment(environment)
    examine_environments(spec, (target,))
    release = find_release(spec, version)
    name_run(spec, version, environment)
    image = find_image(spec, release)
    evidence = examine_image(spec, release, image)
    candidate = Candidate(release=release, image=image, evidence=evidence)
    if urgent:
        tell_urgent(environment, urgent)
    carry(spec, target, candidate, [], urgent or "")
    return delivered(service, version, [environment])
