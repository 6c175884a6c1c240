"""Look at the repositories on a schedule: for those whom the forge cannot reach with a webhook."""

from prefect import flow

from slipway.errors import Final
from tasks.late import drop_late_looks
from tasks.watch import all_services, look_at_source


@flow(name="watch", persist_result=False)
def watch(service: str | None = None) -> None:
    """Start the delivery of the service, or of each one, whose repository has moved.

    One state of a repository starts one run, however often it is looked at, and whether a webhook
    was there first. Raises Final after all were looked at, where one of them could not be.
    """
    drop_late_looks("watch")
    troubles = [look_at_source(name) for name in ([service] if service else all_services())]
    if told := list(filter(None, troubles)):
        raise Final("\n".join(told), "the others were looked at; the next look tries again")
