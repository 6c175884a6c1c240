"""Tell people outside of Prefect what happened, where somebody wants to know. Never a failure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from prefect import get_client
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from slipway import notices
from slipway.clients.notify import send
from slipway.config import read_service
from slipway.decision import Question
from slipway.errors import InvalidInput, SlipwayError
from slipway.notices import Notice
from slipway.service import Notify, Occasion
from slipway.settings import Settings
from tasks.environment import run_id, say, settings
from tasks.retries import step


# The mark tells two attempts apart: one attempt never tells the same twice.
@step("notify", "notify", timeout=60)
def notify(notice: Notice, service: str, occasion: Occasion, mark: str) -> str:
    return _send(notice, service, occasion)


def tell_waiting(question: Question) -> None:
    """Once for each question, however often the run is resumed while it is open."""
    about = question.subject
    run = f"{about.service} {about.version}"
    _tell(
        lambda _, link: notices.waiting(run, about.environment, question.expires, link),
        "waiting", f"waiting {question.key}",
    )  # fmt: skip


def tell_ended(name: str, message: str) -> None:
    _tell(
        lambda run, link: notices.ended(name, run, message, link),
        notices.occasion(name), f"{name} {_attempt()}",
    )  # fmt: skip


def tell_delivered(message: str) -> None:
    _tell(
        lambda run, link: notices.delivered(run, message, link),
        "delivered", f"done {_attempt()}",
    )  # fmt: skip


def tell_of(run: str, name: str, end: str, message: str) -> None:
    """That a run whose process is gone ended in the state `end`: told directly, by another.

    `run` is its id, `name` what it is called.
    """
    with _never_a_failure():
        service = _service_of(UUID(run))
        link = str(url_for("flow-run", obj_id=UUID(run)) or "")
        _send(notices.ended(end, name, message, link), service, notices.occasion(end))


def _send(notice: Notice, service: str, occasion: Occasion) -> str:
    """Tell everybody who wants to know; what went wrong, without an address, or nothing."""
    known = settings()
    rules, wrong = _rules(known, service)
    urls = [known.optional("notify_urls")] if occasion in rules.about else []
    for name in rules.to if occasion in rules.about else ():
        try:
            urls.append(known.notify_list(name))
        except InvalidInput as error:
            wrong.append(error.message)
    if addresses := " ".join(url.get_secret_value() for url in urls if url):
        wrong.append(send(notice, addresses))
    if told := "; ".join(filter(None, wrong)):
        say(f"could not notify everybody: {told}")
        return told
    return ""


def _rules(known: Settings, service: str) -> tuple[Notify, list[str]]:
    """What the service's file says; everything where it cannot be read, and why."""
    if not service:
        return Notify(), []
    try:
        return read_service(known.services, service).notify, []
    except SlipwayError as error:
        return Notify(), [error.message]


def _attempt() -> int:
    return int(flow_run.run_count)


def _name() -> str:
    """What the run is called now; the run itself knows only what it was called at its start."""
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(UUID(run_id())).name)


def _service_of(run: UUID) -> str:
    with get_client(sync_client=True) as client:
        return str(client.read_flow_run(run).parameters.get("service", ""))


def _tell(make: Callable[[str, str], Notice], occasion: Occasion, mark: str) -> None:
    service = str(flow_run.parameters.get("service", ""))
    with _never_a_failure():
        if flow_run.id and _is_wanted(service, occasion):
            notify(make(_name(), str(flow_run.ui_url or "")), service, occasion, mark)


def _is_wanted(service: str, occasion: Occasion) -> bool:
    known = settings()
    rules, _ = _rules(known, service)
    return occasion in rules.about and bool(rules.to or known.optional("notify_urls"))


@contextmanager
def _never_a_failure() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001  # nothing about a notice is worth a delivery
        say(f"could not notify anybody: {type(error).__name__}")
