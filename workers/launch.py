"""One flow run, as the worker sees it: a small process that stands for the forked one.

It asks the fork server for a process with its own environment, folder and output, hands on every
signal, and ends as that process ends. So the worker stays Prefect's own: what it starts, watches,
cancels and kills is a command. Where no fork is to be had, it becomes `python -m prefect.engine`.

Started without site-packages, in a few milliseconds, so only the standard library is there.
"""

import json
import os
import signal
import socket
import struct
import sys
from types import FrameType

ADDRESS = "SLIPWAY_FORK_SERVER"
SETTINGS = "SLIPWAY_RUN_SETTINGS"  # as JSON: where a run and its worker differ, the run's counts
FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
SIZE = struct.Struct("!I")  # of the request that follows, in bytes


def main() -> None:
    """End as the forked process ends."""
    address = os.environ.pop(ADDRESS, "")
    os.environ.update(json.loads(os.environ.pop(SETTINGS, "{}")))
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except OSError as error:
        cold(f"the fork server cannot be reached ({error.strerror or error})")

    def forward(number: int, _: FrameType | None) -> None:
        try:
            connection.sendall(bytes([number]))
        except OSError:  # it has ended, and how is on its way
            return

    _ask(connection)
    for number in FORWARDED:
        signal.signal(number, forward)
    _end(_answer(connection))


def _ask(connection: socket.socket) -> None:
    """Hand over what makes the run's process: standard streams, environment, folder."""
    wanted = {"environment": dict(os.environ), "folder": os.getcwd()}  # noqa: PTH109 -- pathlib takes as long as all the rest
    body = json.dumps(wanted).encode()
    try:
        socket.send_fds(connection, [SIZE.pack(len(body))], [0, 1, 2])
        connection.sendall(body)
    except OSError:
        cold("the fork server has gone")


def _answer(connection: socket.socket) -> dict[str, object]:
    """How the process ended, or why there is none. Its id alone when the fork server has died."""
    said = b""
    try:
        while chunk := connection.recv(4096):
            said += chunk
    except OSError:
        pass  # what was said before counts
    lines = said.splitlines()
    return dict(json.loads(lines[-1])) if lines else {"cold": "the fork server has gone"}


def _end(answer: dict[str, object]) -> None:
    if "cold" in answer:
        cold(str(answer["cold"]))
    if "status" not in answer:
        # The kernel has killed the run with its parent: it has crashed, which the worker is to see.
        sys.stderr.write("the fork server has died, and the run with it\n")
        _by(signal.SIGKILL)
    status = int(str(answer["status"]))
    if status < 0:
        _by(-status)
    sys.stdout.flush()
    os._exit(status)


def _by(number: int) -> None:
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def cold(why: str) -> None:
    """Become a process that imports everything itself. Never returns."""
    sys.stderr.write(f"starting without the fork server: {why}\n")
    sys.stderr.flush()
    as_at_start()
    os.execv(sys.executable, [sys.executable, "-m", "prefect.engine"])  # noqa: S606 -- no shell is meant


def as_at_start() -> None:
    """Handle signals as a new Python does."""
    for number in FORWARDED:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


if __name__ == "__main__":
    main()
