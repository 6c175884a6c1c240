"""What a fork server imports so that no run has to, and whether the disk still holds the same."""

import gc
import importlib
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

PRELOADED = (
    "prefect.main", "prefect.flow_engine", "prefect.task_engine", "prefect._internal.metrics",
    "prefect._internal.observers", "prefect.utilities.visualization",  # those on first use
    "anyio._backends._asyncio", "encodings.idna",
    "flows.deliver", "flows.promote", "flows.rollback", "flows.reap", "flows.watch", "flows.report",
)  # fmt: skip


@dataclass
class Code:
    """The files that were imported: what runs is stale once one of them has changed."""

    files: dict[str, tuple[int, int]]

    @classmethod
    def imported(cls) -> "Code":
        """Of every module that is not installed in the environment: what a team edits."""
        places = sysconfig.get_paths()
        installed = tuple(places[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
        names = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
        own = {name for name in names if name and not name.startswith(installed)}
        return cls({name: _mark(name) for name in sorted(own)})

    def changed(self) -> str:
        """A file that is another one now, or nothing."""
        return next((name for name, mark in self.files.items() if _mark(name) != mark), "")


def preload() -> Code:
    """Import what runs need. Ends the process where an import starts a thread: no fork is safe."""
    for name in PRELOADED:
        importlib.import_module(name)
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads > 1:
            sys.exit(f"importing {name} started {threads - 1} threads, so nothing can be forked")
    gc.collect()
    gc.freeze()  # a collection in a child would copy every page of the parent
    return Code.imported()


def _mark(name: str) -> tuple[int, int]:
    try:
        found = Path(name).stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)
