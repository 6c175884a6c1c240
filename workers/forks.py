"""The fork server of a worker: started with it, again when it has died, and never waited for."""

import logging
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

from prefect.settings import get_current_settings

from workers.lean import lean

_AGAIN = 30.0  # seconds between two starts, for one that dies at once


class Forks:
    """A context manager. Runs that it started when it is left go on to their end."""

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[logging.Logger]) -> None:
        self._logger = logger
        self._folder = tempfile.TemporaryDirectory(prefix="slipway-forks-")  # for this user alone
        self._server: subprocess.Popen[bytes] | None = None
        self._started = 0.0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server and self._server.stdin:
            self._server.stdin.close()
        self._folder.cleanup()

    @property
    def address(self) -> Path:
        """Where launchers reach it."""
        return Path(self._folder.name) / "socket"

    def ensure(self) -> None:
        """Start the server again when it has died. Until it serves, runs start without it."""
        if self._server is None or self._server.poll() is None:
            return
        if time.monotonic() - self._started > _AGAIN:
            self._logger.warning("the fork server ended with %s", self._server.returncode)
            self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        self.address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.address))
            listener.listen(128)  # launchers wait here while the server imports
            number = listener.fileno()
            self._server = subprocess.Popen(
                [sys.executable, "-P", "-m", "workers.fork_server", str(number)],
                stdin=subprocess.PIPE,  # closed when the worker ends, however it ends
                pass_fds=(number,),
                env=_environment(),
                start_new_session=True,  # a signal to the worker's group is not meant for it
            )


def _environment() -> dict[str, str]:
    """As that of most runs, so that they find Prefect set up as they want it."""
    url = get_current_settings().api.url or ""
    return {
        name: text for name, text in lean(os.environ | {"PREFECT_API_URL": url}).items() if text
    }
