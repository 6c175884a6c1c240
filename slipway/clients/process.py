"""Other people's commands: run with a closed environment, watched, and ended with all they started.

Arguments are a list, never a shell's line. Nothing secret is among them.
"""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from slipway.errors import Final

_KEPT = 200  # lines of output
_LONGEST = 4096  # characters of a line; the rest of it is dropped
# What a command that reaches the network may take over from us.
_PASSED_ON = ("PATH", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and the end of what it printed, without the secrets we gave it."""

    status: int  # 0: well; negative: the signal that ended it
    lines: tuple[str, ...]
    noticed: tuple[str, ...] = ()  # lines that were asked for, wherever they stood


class Limit:
    """The time that a step's commands have together."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._end = seconds, time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until it is over, at least 0."""
        return max(0.0, self._end - time.monotonic())

    def exceeded(self, what: str) -> Final:
        """The error for an act that took longer."""
        return Final(
            f"could not {what}: ended after {self._seconds:.0f} s, the limit of the step",
            "make it faster, or raise image.timeout in the service file",
        )


def environment(home: Path, *passed_on: str, **values: str) -> dict[str, str]:
    """An environment with only what is named here, and `home` for everything a command keeps."""
    names = (*_PASSED_ON, *passed_on)
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C", **values}


def run(
    command: Sequence[str],
    env: Mapping[str, str],
    limit: Limit,
    what: str,
    *,
    stdin: IO[bytes] | None = None,
    hidden: Sequence[str] = (),
    notice: str = r"(?!)",
) -> Ended:
    """Run a command to its end; lines that match `notice` are kept apart.

    `hidden` texts are masked in what it printed. Final when the time is up. However the call ends,
    nothing of the command's process group is left.
    """
    expired = threading.Event()
    with subprocess.Popen(
        command,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        encoding="utf-8",
        errors="replace",
    ) as process:

        def expire() -> None:
            expired.set()
            _end(process)

        timer = threading.Timer(limit.left, expire)
        timer.daemon = True
        timer.start()
        try:
            lines, noticed = _read(process, hidden, notice)
            timer.cancel()  # from here on the process may be reaped, and its number used again
            timer.join()
            status = process.wait()
        except BaseException:  # a cancelled run
            timer.cancel()
            _end(process)
            raise
    if expired.is_set():
        raise limit.exceeded(what)
    return Ended(status, lines, noticed)


def _read(
    process: "subprocess.Popen[str]", hidden: Sequence[str], notice: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    last: deque[str] = deque(maxlen=_KEPT)
    noticed: deque[str] = deque(maxlen=_KEPT)
    for line in _lines(cast(IO[str], process.stdout)):
        readable = line
        for secret in hidden:
            readable = readable.replace(secret, "***")
        if readable.strip():
            last.append(readable.rstrip())
        if re.search(notice, readable):
            noticed.append(readable.rstrip())
    return tuple(last), tuple(noticed)


def _lines(output: IO[str]) -> Iterator[str]:
    whole = True
    while part := output.readline(_LONGEST):
        if whole:
            yield part
        whole = part.endswith("\n")


def _end(process: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
