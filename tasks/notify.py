"""Tell people outside of Prefect what happened, where somebody wants to know. Never a failure."""

from collections.abc import Callable
from uuid import UUID

from prefect import get_client
from prefect.cache_policies import DEFAULT
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from slipway import notices
from slipway.clients.notify import send
from slipway.config import read_service
from slipway.decision import Question
from slipway.errors import InvalidInput, SlipwayError
from slipway.notices import Notice
from slipway.service import Notify, Occasion
from tasks.environment import run_id, say, settings
from tasks.retries import step
from tasks.telling import only_told


# The mark tells two attempts apart: one attempt never tells the same twice, whoever is told.
@step("notify", "notify", timeout=60, cache=DEFAULT - "rules")
def notify(notice: Notice, rules: Notify, mark: str) -> str:
    return _send(notice, rules)


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
    with only_told("notify anybody"):
        rules = _rules(_service_of(UUID(run)))
        if notices.occasion(end) in rules.about:
            link = str(url_for("flow-run", obj_id=UUID(run)) or "")
            _send(notices.ended(end, name, message, link), rules)


def _send(notice: Notice, rules: Notify) -> str:
    """Tell everybody the rules name; what went wrong, without an address, or nothing."""
    known, wrong = settings(), []
    urls = [known.optional("notify_urls")]
    for name in rules.to:
        try:
            urls.append(known.notify_list(name))
        except InvalidInput as error:
            wrong.append(error.message)
    if addresses := " ".join(url.get_secret_value() for url in urls if url):
        wrong.append(send(notice, addresses))
    told = "; ".join(filter(None, wrong))
    if told:
        say(f"could not notify everybody: {told}")
    return told


def _rules(service: str) -> Notify:
    """What the service's file says; everything is told where it cannot be read."""
    if not service:
        return Notify()
    try:
        return read_service(settings().services, service).notify
    except SlipwayError as error:
        say(f"who wants to know of {service} cannot be read: {error.message}")
        return Notify()


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
    with only_told("notify anybody"):
        rules = _rules(str(flow_run.parameters.get("service", "")))
        somebody = rules.to or settings().optional("notify_urls")
        if flow_run.id and somebody and occasion in rules.about:
            notify(make(_name(), str(flow_run.ui_url or "")), rules, mark)
