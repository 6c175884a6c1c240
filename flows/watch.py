"""Look at the repositories on a schedule: for those whom the forge cannot reach with a webhook."""

from prefect import flow

from tasks.each import for_each_service
from tasks.late import drop_late_looks
from tasks.watch import look_at_source


@flow(name="watch", persist_result=False)
def watch(service: str | None = None) -> None:
    """Start the delivery of the service, or of each one, whose repository has moved.

    One state of a repository starts one run, however often it is looked at, and whether a webhook
    was there first. Raises Final after all were looked at, where one of them could not be.
    """
    drop_late_looks("watch")
    for_each_service(
        service, look_at_source, "the others were looked at; the next look tries again"
    )
