"""Notices arrive; and where they do not, nothing happens but one word about it."""

import logging
from collections.abc import Iterator

import pytest

from slipway.clients.notify import send
from slipway.notices import Notice
from tests.contract.notify_place import PASSWORD, Receiver

# Its plug-ins use what is deprecated, and it says so when they are first read.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NOTICE = Notice(title="Delivered: books-api 1.2.0", text="proven\nhttps://prefect.example.com/run")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


def test_A66_a_notice_arrives_with_its_title_and_text(receiver: Receiver) -> None:
    assert send(NOTICE, receiver.url) == ""
    [told] = receiver.told
    assert (told["title"], told["message"]) == (NOTICE.title, NOTICE.text)


def test_every_service_is_told_although_one_before_it_fails(receiver: Receiver) -> None:
    with Receiver(status=500) as failing:
        wrong = send(NOTICE, f"{failing.url}  {receiver.url}")
    assert "number 1" in wrong
    assert "number 2" not in wrong
    assert len(receiver.told) == 1
    assert len(failing.told) == 1  # not told again


@pytest.mark.parametrize("status", [500, 404, 302])
def test_A65_a_service_that_refuses_is_said_without_its_address(status: int) -> None:
    with Receiver(status) as receiver:
        wrong = send(NOTICE, receiver.url)
    assert "number 1" in wrong
    assert PASSWORD not in wrong
    assert "127.0.0.1" not in wrong


def test_A65_a_service_that_is_not_there_is_said(receiver: Receiver) -> None:
    receiver.stop()
    assert "number 1" in send(NOTICE, receiver.url)


def test_A65_a_service_that_never_answers_is_left_behind() -> None:
    with Receiver(status=0) as hanging:
        assert send(NOTICE, hanging.url, longest=0.3) == "no answer within 0 s"


@pytest.mark.parametrize("url", ["nonsense", f"unknown://u:{PASSWORD}@host", "json://", "://"])
def test_a_url_that_apprise_does_not_know_is_said_and_not_shown(
    receiver: Receiver, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        wrong = send(NOTICE, f"{url} {receiver.url}")
    assert "number 1" in wrong
    assert PASSWORD not in wrong + caplog.text
    assert len(receiver.told) == 1


def test_X05_the_library_logs_nothing_of_what_it_knows(caplog: pytest.LogCaptureFixture) -> None:
    with Receiver(status=500) as receiver, caplog.at_level(logging.DEBUG):
        send(NOTICE, receiver.url)
    assert PASSWORD not in caplog.text
    assert "127.0.0.1" not in caplog.text


def test_X41_a_service_gets_no_mark_up_it_would_act_upon(receiver: Receiver) -> None:
    """Escapes that some library understood would come back as what was taken out."""
    notice = Notice(title=r"\x40everyone", text=r"{{ x }} %s :smile: \n &lt;b&gt;")
    assert send(notice, receiver.url) == ""
    [told] = receiver.told
    assert (told["title"], told["message"]) == (notice.title, notice.text)
