"""What processes and all their children use: CPU time, and memory at most."""

import os
import threading
from pathlib import Path
from typing import Self

_TICK = os.sysconf("SC_CLK_TCK")


class Usage:
    """A context manager; afterwards it tells what was used while it was open.

    A process that has ended counts where its parent waited for it, so look once all have ended.
    """

    def __init__(self, roots: list[int]) -> None:
        self.most = 0  # bytes in use at once
        self.cpu = 0.0  # seconds
        self._roots = roots
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._before = self._spent()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self.cpu = self._spent() - self._before

    def _spent(self) -> float:
        return sum(map(_cpu, _tree(self._roots)))

    def _watch(self) -> None:
        while not self._done.wait(0.5):
            self.most = max(self.most, sum(map(_resident, _tree(self._roots))))


def _tree(roots: list[int]) -> set[int]:
    found, new = set(roots), list(roots)
    while new:
        below = [int(pid) for each in new for pid in _children(each)]
        new = [pid for pid in below if pid not in found]
        found |= set(new)
    return found


def _children(pid: int) -> list[str]:
    try:
        return [
            child
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


def _resident(pid: int) -> int:
    """Bytes of it alone: what several have together is counted in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _cpu(pid: int) -> float:
    """Seconds of it and of the children that it waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICK
