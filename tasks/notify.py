"""Tell people outside of Prefect what happened, where somebody wants to know. Never a failure."""

from collections.abc import Callable
from uuid import UUID

from prefect import get_client
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from slipway import notices
from slipway.clients.notify import send
from slipway.decision import Question
from slipway.notices import Notice
from tasks.environment import run_id, say, settings
from tasks.retries import step


# The occasion tells two attempts apart: one attempt never tells the same twice.
@step("notify", "notify", timeout=60)
def notify(notice: Notice, occasion: str) -> str:
    urls = settings().optional("notify_urls")
    wrong = send(notice, urls.get_secret_value()) if urls else ""
    if wrong:
        say(f"could not notify everybody: {wrong}")
    return wrong


def tell_waiting(question: Question) -> None:
    """Once for each question, however often the run is resumed while it is open."""
    about = question.subject
    run = f"{about.service} {about.version}"
    _tell(
        lambda _, link: notices.waiting(run, about.environment, question.expires, link),
        f"waiting {question.key}",
    )


def tell_ended(name: str, message: str) -> None:
    _tell(lambda run, link: notices.ended(name, run, message, link), f"{name} {_attempt()}")


def tell_delivered(message: str) -> None:
    _tell(lambda run, link: notices.delivered(run, message, link), f"done {_attempt()}")


def tell_of(run: str, name: str, end: str, message: str) -> None:
    """That a run whose process is gone ended in the state `end`: told directly, by another.

    `run` is its id, `name` what it is called.
    """
    urls = settings().optional("notify_urls")
    if urls:
        link = str(url_for("flow-run", obj_id=UUID(run)) or "")
        send(notices.ended(end, name, message, link), urls.get_secret_value())


def _attempt() -> int:
    return int(flow_run.run_count)


def _name() -> str:
    """What the run is called now; the run itself knows only what it was called at its start."""
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(UUID(run_id())).name)


def _tell(make: Callable[[str, str], Notice], occasion: str) -> None:
    try:
        if flow_run.id and settings().optional("notify_urls"):
            notify(make(_name(), str(flow_run.ui_url or "")), occasion)
    except Exception as error:  # noqa: BLE001  # nothing about a notice is worth a delivery
        say(f"could not notify anybody: {type(error).__name__}")
