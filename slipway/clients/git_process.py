"""Wait for a git process, and leave nothing of it behind, however the wait ends.

GitPython's own wait would leave git, which goes on pushing, and a timer when the run is cancelled.
"""

import contextlib
import os
import shutil
import signal
import threading
from subprocess import Popen
from typing import BinaryIO, NamedTuple


class Done(NamedTuple):
    """How it ended, and what it printed."""

    status: int  # negative: the signal that ended it
    out: bytes
    err: bytes


def finished(process: "Popen[bytes]", sink: BinaryIO | None, limit: float) -> Done:
    """Read the process to its end, standard output into `sink` where one is given.

    It leads its own process group, which is ended after `limit` seconds, or when this call is left
    by an exception.
    """
    late = threading.Event()

    def expire() -> None:
        late.set()
        end(process)

    timer = threading.Timer(limit, expire)
    timer.daemon = True
    timer.start()
    try:
        if sink is not None and process.stdout is not None:
            shutil.copyfileobj(process.stdout, sink)
        out, err = process.communicate()
    except BaseException:  # a cancelled run
        end(process)
        raise
    finally:
        timer.cancel()
    said = f"Timeout: git did not end in {limit:.0f} s\n".encode() if late.is_set() else b""
    return Done(process.returncode, out or b"", said + (err or b""))


def end(process: "Popen[bytes]") -> None:
    """End the process and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        process.wait(10)
