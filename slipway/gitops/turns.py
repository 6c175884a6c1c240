"""One writer at a time on this machine, for each branch of each repository.

Only courtesy: writers that wait do not refuse each other's pushes. Without it (another machine, a
folder that cannot be written, a wait that took too long) the races are settled by the pushes.
"""

import contextlib
import fcntl
import os
import random
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from slipway.timing import Stopwatch

PATIENCE = 120.0  # seconds for those before us
_JITTER = random.SystemRandom()


@contextlib.contextmanager
def turn(url: str, branch: str, watch: Stopwatch, patience: float = PATIENCE) -> Iterator[bool]:
    """Wait until no other process writes there, `patience` seconds at most; whether that is so.

    The system itself ends the turn of a process that dies.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = os.open(_place(url, branch), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError:
            yield False
            return
        stack.callback(os.close, file)
        begin = watch.elapsed
        while not (ours := _taken(file)) and watch.elapsed - begin < patience:
            watch.sleep(_JITTER.uniform(0.02, 0.25))
        yield ours


def _taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # taken by another, or a file system without locks
        return False
    return True


def _place(url: str, branch: str) -> Path:
    name = sha256(f"{url}\n{branch}".encode()).hexdigest()[:32]
    return Path(tempfile.gettempdir()) / f"slipway-{os.getuid()}-{name}.lock"
