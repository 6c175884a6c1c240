"""Take an environment back to an earlier proven version, at once: whoever starts it decides it."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.cancelling import say_what_is_left
from flows.ending import ends
from flows.naming import run_name
from flows.turn import one_change
from flows.undo import take_back
from slipway.errors import InvalidInput
from tasks.notify import tell_delivered
from tasks.report import name_run
from tasks.rollback import begin_rollback
from tasks.service import read_service
from tasks.sync import examine_environments


@flow(
    name="rollback",
    flow_run_name=run_name,
    persist_result=True,
    result_serializer="json",
    on_cancellation=[say_what_is_left],
)
@ends
def rollback(
    service: str, environment: str, reason: str, version: str | None = None
) -> State[object]:
    """Bring back what was proven in `environment` last, or `version`; what is left is held.

    Nobody is asked, and no window is waited for: it is an emergency's act. `reason` is kept.
    """
    if len(reason.strip()) < 3:
        raise InvalidInput("rollback: reason is empty", "say why, in a few words: it is kept")
    spec = read_service(service)
    target = spec.environment(environment)
    examine_environments(spec, (target,))
    with one_change(spec, target):
        back = begin_rollback(spec, target, None, reason.strip(), version=version)
        name_run(spec, back.to.image.version, environment)
        take_back(spec, target, back)
    message = (
        f"{service} {back.to.image.version} is proven in {environment} again;"
        f" {back.leaving.version} is held there"
    )
    tell_delivered(message)
    return Completed(message=message)
