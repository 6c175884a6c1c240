"""What is only told: trouble is a line, wherever it is told from."""

import logging
from collections.abc import Iterator

import pytest
from prefect.logging import get_logger

from slipway.errors import Retryable
from tasks.environment import say
from tasks.telling import only_told


class Lines(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Of a process that executes no run, as one that calls a hook."""
    found, logger = Lines(), get_logger("slipway")
    logger.addHandler(found)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield found.said
    logger.removeHandler(found)
    logger.setLevel(level)


def test_a_hook_can_say_something_too(lines: list[str]) -> None:
    say("staging: nothing is left")
    assert lines == ["staging: nothing is left"]


def test_an_error_of_ours_is_told_with_its_words(lines: list[str]) -> None:
    with only_told("notify anybody"):
        raise Retryable("the server is away", "retry")
    assert lines[0].startswith("could not notify anybody: the server is away")


def test_any_other_error_is_told_without_its_text(lines: list[str]) -> None:
    with only_told("notify anybody"):
        raise RuntimeError("hunter2")
    assert lines == ["could not notify anybody: RuntimeError"]
