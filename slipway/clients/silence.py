"""Keeps a library's loggers from telling where something is sent, while the address is a secret."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SILENT: ContextVar[bool] = ContextVar("_SILENT", default=False)


def _may_tell(_record: logging.LogRecord) -> bool:
    return not _SILENT.get()


@contextmanager
def silent(*loggers: str) -> Iterator[None]:
    """These loggers tell nothing of what this thread does inside. A child has to be named too."""
    for name in loggers:
        logging.getLogger(name).addFilter(_may_tell)  # a second time changes nothing
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)
