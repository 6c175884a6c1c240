"""What comes in time, and which processes live."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def until(look: Callable[[], Any], seconds: float = 40.0) -> Any:
    """The first true value of `look`."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and is not waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False
